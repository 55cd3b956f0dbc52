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


class Decoding(Section):
    """How tokens are drawn. What is not set is not sent."""

    temperature: Temperature
    top_p: Share = 1.0  # of the probability mass that tokens are drawn from
    top_k: Positive | None = None  # most probable tokens that are drawn from
    min_p: Share | None = None  # of the most probable token's probability that others need


class Sampled(Decoding):
    """Settings of every stage that generates text."""

    model: str  # a name under models.local or models.remote
    max_tokens: Tokens  # of a reply
