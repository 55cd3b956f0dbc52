"""`ultramed try letter`: which letter is read from an answer, and where."""

from typing import Any

from ultramed.cli.try_.lines import AsJson, File, each
from ultramed.errors import SourceError
from ultramed.exam import read_letter
from ultramed.exam.options import Given
from ultramed.records import Option

_FORMS = 'expected {"text": "…", "options": {"A": "…", "B": "…"}}, or options as a list of letters'


def letter(file: File, as_json: AsJson = False) -> None:
    """Show which letter is read from each answer, and at which characters: null if it settles on none, or on two.

    Each line is {"text": …, "options": {"A": …, "B": …}}. Letters alone will do; with texts, the text of an option is
    read, too.
    """
    each(file, as_json, _look)


def _look(given: dict[str, Any]) -> dict[str, Any]:
    text, options = given["text"], _options(given["options"])
    if not isinstance(text, str) or options is None:
        raise SourceError("text" if options is not None else "options", "has another type", _FORMS)
    read = read_letter(text, options)
    return {"letter": read.letter, "start": read.start, "end": read.end}


def _options(given: Any) -> Given | None:
    """Options of any usual form; texts in a list get letters in their order. None for anything else."""
    if isinstance(given, dict) and all(isinstance(text, str) for text in given.values()):
        return given
    if not isinstance(given, list):
        return None
    if all(isinstance(o, dict) and {"letter", "text"} <= o.keys() for o in given):
        return [Option(str(o["letter"]), str(o["text"])) for o in given]
    if not all(isinstance(o, str) for o in given):
        return None
    if all(len(o.strip()) == 1 and o.strip().isalpha() for o in given):
        return given
    return [Option(chr(ord("A") + number), text) for number, text in enumerate(given[:26])]
