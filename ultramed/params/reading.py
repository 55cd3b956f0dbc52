"""Reads `params.yaml`; a mistake is reported in one line, with its place and what is allowed there."""

import difflib
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML, YAMLError

from ultramed.errors import ParamsError
from ultramed.params.whole import Params


def load(path: Path = Path("params.yaml")) -> Params:
    """Read and validate the file. Raises ParamsError with the first mistake, its place and the allowed values."""
    try:
        values = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParamsError(str(path), "is not here", "run from the root of the repository") from None
    except (YAMLError, UnicodeDecodeError) as error:
        said = " ".join(str(error).split())
        # YAML 1.2 allows it, the C library that reads for DVC does not
        remedy = "inside braces, put text that holds a ':' in quotes" if "unexpected ':'" in said else ""
        raise ParamsError(str(path), f"is not valid YAML: {said}", remedy) from None
    if not isinstance(values, dict):
        raise ParamsError(str(path), "holds no sections", "`git checkout params.yaml` brings back the last ones kept")
    try:
        return Params.model_validate(values)
    except ValidationError as error:
        raise _explain(path, error) from None


def _explain(path: Path, error: ValidationError) -> ParamsError:
    # a misspelt name shows as one missing and one unknown: the unknown one says more
    first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")
    place = [_printable(str(part)) for part in first["loc"] if part != "[key]"]
    name = ".".join(place)
    if first["type"] == "extra_forbidden":
        allowed = _allowed(place[:-1])
        near = difflib.get_close_matches(place[-1], allowed, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        return ParamsError(f"{path}: {name}", f"is unknown; {hint}allowed here: {', '.join(allowed)}")
    if first["type"] == "missing":
        return ParamsError(f"{path}: {name}", "is missing", "`git diff params.yaml` shows what was taken out")
    message = _printable(first["msg"].removeprefix("Value error, "))
    if first["type"] == "value_error":
        return ParamsError(f"{path}: {name}" if name else str(path), message)
    return ParamsError(f"{path}: {name}", f"is {first['input']!r}; {message[0].lower()}{message[1:]}")


def _printable(text: str) -> str:
    """Text that quotes the file, with escapes for characters that could control the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _allowed(place: list[str]) -> list[str]:
    """Names allowed at a place in the file, read from the types."""
    kind: Any = Params
    for part in place:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            kind = kind.model_fields[part].annotation if part in kind.model_fields else None
        elif get_origin(kind) is dict:
            kind = get_args(kind)[1]
        if get_origin(kind) is UnionType:
            kind = get_args(kind)[0]
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        return []
    return sorted(field.alias or name for name, field in kind.model_fields.items())
