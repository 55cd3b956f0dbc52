"""Names in `params.yaml`, checked when it is read."""

import re
from typing import Annotated

from pydantic import AfterValidator

from ultramed import prompts

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


def _prompt(name: str) -> str:
    if name not in (known := prompts.names()):
        raise ValueError(f"is '{name}', which is no file in ultramed/prompts; expected one of {', '.join(known)}")
    return name


Name = Annotated[str, AfterValidator(_safe)]
Key = Annotated[str, AfterValidator(_addressable)]  # a name of an entry, which `dvc.yaml` refers to
StageName = Annotated[str, AfterValidator(_stage)]  # of `dvc.yaml`: judge, candidates@brief
PromptName = Annotated[str, AfterValidator(_prompt)]  # a file of ultramed/prompts, without its suffix
