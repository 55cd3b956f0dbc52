"""What all sections of `params.yaml` are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ultramed.rights import Rights as Rights

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Usd = Annotated[float, Field(ge=0)]
Temperature = Annotated[float, Field(ge=0, le=2)]


class Section(BaseModel):
    """Base of all sections: unknown names are refused, values are not coerced silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Sampled(Section):
    """What every model-calling section has."""

    model: str
    temperature: Temperature
    max_tokens: Positive
