"""Building blocks of the sections of `params.yaml`."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ultramed.rights import Rights as Rights

Share = Annotated[float, Field(ge=0, le=1)]  # a fraction, not a percentage
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]
Usd = Annotated[float, Field(ge=0)]  # US dollars
Temperature = Annotated[float, Field(ge=0, le=2)]  # 0 is greedy
Tokens = Annotated[int, Field(ge=1, le=10_000_000)]  # more than any model's context
Seed = Annotated[int, Field(ge=0, lt=2**32)]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def _safe(name: str) -> str:
    """A name becomes part of commands that a shell runs, of paths and of row ids."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"is {name[:60]!a}; a name has letters A to Z, digits, '_', '-' and '.', starts with a "
                         "letter or a digit, and has 100 characters at most")
    return name


def _addressable(name: str) -> str:
    if "." in _safe(name):
        raise ValueError(f"is '{name}'; DVC reads a dot in it as a step into a section: write "
                         f"'{name.replace('.', '-')}'")
    return name


def _stage(name: str) -> str:
    return "@".join(map(_safe, name.split("@", 1)))


Name = Annotated[str, AfterValidator(_safe)]
Key = Annotated[str, AfterValidator(_addressable)]  # a name of an entry, which `dvc.yaml` refers to
StageName = Annotated[str, AfterValidator(_stage)]  # of `dvc.yaml`: judge, candidates@brief


class Section(BaseModel):
    """Base of all sections: unknown names are refused, values are not coerced silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Sampled(Section):
    """Settings of every stage that generates text."""

    model: str  # a name under models.local or models.remote
    temperature: Temperature
    max_tokens: Tokens  # of a reply
