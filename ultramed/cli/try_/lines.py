"""JSON lines in, JSON lines or readable ones out: what all `ultramed try` commands share."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ultramed.errors import SourceError

File = Annotated[Path, typer.Argument(help="JSON lines; - for standard input.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, in the order of the input.")]


@dataclass(frozen=True)
class Line:
    """A JSON object, and where it was read."""

    file: Path
    number: int  # from 1
    given: dict[str, Any]

    @property
    def where(self) -> str:
        return f"{self.file}:{self.number}"


def each(file: Path, as_json: bool, look: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Print what `look` makes of every line. Raises SourceError, with the line's number, as `lines` does, and for a
    line that lacks a field."""
    for line in lines(file):
        try:
            result = look(line.given)
        except KeyError as error:
            has = ", ".join(line.given) or "none"
            raise SourceError(line.where, f"has no field {error}", f"it has {has}") from None
        except SourceError as error:
            raise SourceError(f"{line.where}: {error.where}", error.found, error.remedy) from None
        tell(line.number, result, as_json)


def lines(file: Path) -> Iterator[Line]:
    """Every line that is not blank. Raises SourceError for a file that cannot be read, and, with its number, for a line
    that is not a JSON object."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(str(file), f"cannot be read: {error}", "expected a file of JSON lines in UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            raise SourceError(f"{file}:{number}", "is not JSON", "expected one JSON object per line") from None
        if not isinstance(given, dict):
            raise SourceError(f"{file}:{number}", "is not a JSON object", "expected one JSON object per line")
        yield Line(file, number, given)


def tell(number: int, result: dict[str, Any], as_json: bool) -> None:
    """Print one result, as JSON or as a line for a person with control characters escaped."""
    print(json.dumps(result, ensure_ascii=True) if as_json else _readable(number, result))


def _readable(number: int, result: dict[str, Any]) -> str:
    fields = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in result.items())
    return f"{number}  " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in fields)
