"""Building blocks of the sections of `params.yaml`."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ultramed.rights import Rights as Rights

Share = Annotated[float, Field(ge=0, le=1)]  # a fraction, not a percentage
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Usd = Annotated[float, Field(ge=0)]  # US dollars
Temperature = Annotated[float, Field(ge=0, le=2)]  # 0 is greedy
Tokens = Annotated[int, Field(ge=1, le=10_000_000)]  # more than any model's context
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Section(BaseModel):
    """Base of all sections: unknown names are refused, values are not coerced silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Sampled(Section):
    """Settings of every stage that generates text."""

    model: str  # a name under models.local or models.remote
    temperature: Temperature
    max_tokens: Tokens  # of a reply
