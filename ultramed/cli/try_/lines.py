"""JSON lines in, JSON lines or readable ones out: what all `ultramed try` commands share."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ultramed.errors import SourceError

File = Annotated[Path, typer.Argument(help="JSON lines; - for standard input.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per line, in the order of the input.")]


def each(file: Path, as_json: bool, look: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Print what `look` makes of every line. Blank lines are passed over.

    Raises SourceError, with the line's number, for a file that cannot be read, a line that is not a JSON object, and
    one that lacks a field.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(str(file), f"cannot be read: {error}", "expected a file of JSON lines in UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{file}:{number}"
        try:
            given = json.loads(line)
        except (ValueError, RecursionError):
            raise SourceError(where, "is not JSON", "expected one JSON object per line") from None
        if not isinstance(given, dict):
            raise SourceError(where, "is not a JSON object", "expected one JSON object per line")
        try:
            result = look(given)
        except KeyError as error:
            raise SourceError(where, f"has no field {error}", f"it has {', '.join(given) or 'none'}") from None
        except SourceError as error:
            raise SourceError(f"{where}: {error.where}", error.found, error.remedy) from None
        print(json.dumps(result, ensure_ascii=True) if as_json else _readable(number, result))


def _readable(number: int, result: dict[str, Any]) -> str:
    """One line for a person; control characters are escaped."""
    told = ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in result.items())
    return f"{number}  " + "".join(c if c.isprintable() else repr(c)[1:-1] for c in told)
