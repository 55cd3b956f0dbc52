"""Rows of plain files by the columns named in params: JSON, JSON lines, Parquet, and CSV or TSV with a header."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ultramed.errors import SourceError
from ultramed.params import DialogueColumns, ExamColumns
from ultramed.params.inputs import Columns
from ultramed.records import Message, Option
from ultramed.sources import rawfiles
from ultramed.sources.dialogue import ROLES, turns
from ultramed.sources.indices import Keys, index
from ultramed.sources.placeholders import is_placeholder
from ultramed.sources.raw import RawRow, Row, Unfit, attempt, described, optional, options, text
from ultramed.sources.rawfiles import TABULAR, Element
from ultramed.sources.unread import unread

ABSENT = object()
Cells = dict[str, Any]  # by the path named in params; paths that lead nowhere are left out


def elements(folder: Path, columns: Columns) -> Iterator[Element]:
    """Every row of the files under `folder`: its cells, keyed by its id or else its index from 0.

    Raises SourceError for a column that no row has, before yielding the first row.
    """
    _refuse_absent(folder, columns)
    paths = [path for alternatives in columns.named for path in alternatives]
    reads = {*paths, *(path.split(".")[0] for path in paths)}
    for element in rawfiles.elements(folder, suffixes=TABULAR):
        if isinstance(element.value, dict):
            others = tuple(unread(element.value, reads))
            cells = {path: value for path in paths if (value := at(element.value, path)) is not ABSENT}
            element = replace(element, key=_id(cells, columns) or element.key, value=cells, unread=others)
        yield element


def _id(cells: Cells, columns: Columns) -> str | None:
    names = [columns.id] if isinstance(columns.id, str) else columns.id or []
    ids = (str(cells[name]).strip() for name in names if isinstance(cells.get(name), str | int))
    return next((row_id for row_id in ids if row_id and row_id.isprintable()), None)


def at(row: Any, path: str) -> Any:
    """The value at a dotted path (`meta.id`, `conversations.0.value`); ABSENT if it leads nowhere. A column whose
    own name has dots takes precedence."""
    if isinstance(row, dict) and path in row:
        return row[path]
    for part in path.split("."):
        if isinstance(row, dict) and part in row:
            row = row[part]
        elif isinstance(row, list) and part.isdecimal() and int(part) < len(row):
            row = row[int(part)]
        else:
            return ABSENT
    return row


def choices(cells: Cells, columns: ExamColumns) -> list[Option]:
    """The options; empty ones at the end are ignored. Raises Unfit."""
    if columns.options is None:
        return []
    if isinstance(columns.options, str):
        raw, name = cells.get(columns.options), columns.options
    else:
        raw, name = [cells.get(path) for path in columns.options], "options"
    if isinstance(raw, dict):
        raw = {letter: _option(label) for letter, label in raw.items()}
    elif isinstance(raw, list):
        raw = [_option(label) for label in raw]
    return options(raw, name)


def exam_items(folder: Path, columns: ExamColumns, parse: Callable[[Keys, Element], RawRow]) -> Iterator[Row]:
    """Every row, parsed or Broken. Raises SourceError for a column that no row has and, behind the last row, where
    all keys of a file show that they count from another number than `key_from`."""
    keys = Keys()
    for element in elements(folder, columns):
        yield attempt(partial(parse, keys), element)
    if columns.key_from is not None:
        keys.refuse_other(folder, columns.key_from)


def key(element: Element, columns: ExamColumns, given: list[Option], keys: Keys) -> str | None:
    """The letter of the right option; a number is noted in `keys`.

    Raises Unfit with code answer_missing, key_out_of_range or key_ambiguous.
    """
    if columns.key is None:
        return None
    cells: Cells = element.value
    value = _plain(cells.get(columns.key))
    if value is None or value == "":
        raise Unfit("answer_missing", f"field '{columns.key}' is empty, the right option expected")
    if not isinstance(value, str):
        raise Unfit("missing_field", f"field '{columns.key}' holds {described(value)}, text or a number expected")
    letters = [option.letter for option in given]
    if columns.key_from is not None:
        places = dict(enumerate(letters, columns.key_from))
        if (number := index(value)) is not None:
            keys.add(element.file, number, len(given))
        if number not in places:
            raise Unfit("key_out_of_range", f"field '{columns.key}' is {value[:20]!a}; expected {columns.key_from} to "
                        f"{columns.key_from + len(given) - 1}")
        return places[number]
    return _named(value, columns.key, given)


def _named(value: str, name: str, given: list[Option]) -> str:
    """The option that a letter or a text names."""
    letter = value.strip().strip("().:").upper()
    letters = {o.letter for o in given if o.letter == letter}
    letters |= {o.letter for o in given if o.text.split() == value.split()}
    if len(letters) > 1:
        raise Unfit("key_ambiguous", f"field '{name}' names {len(letters)} options as letter or text, 1 expected")
    if not letters:
        hint = "; for an index state key_from" if value.strip().isdecimal() else ""
        raise Unfit("key_out_of_range", f"field '{name}' is {value[:20]!a}, neither a letter from A to "
                    f"{given[-1].letter} nor an option's text{hint}")
    return letters.pop()


def passage(cells: Cells, columns: ExamColumns) -> str | None:
    """The context: text, or a list of texts joined by line breaks; None for words that say there is none."""
    value = cells.get(columns.context or "")
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "\n".join(part.strip() for part in value if part.strip()) or None
    found = filled(cells, columns.context)
    return None if found is None or is_placeholder(found) else found


def filled(cells: Cells, path: str | None) -> str | None:
    """The text in a column that may be empty. Raises Unfit for another type."""
    return optional(cells, path) if path else None


def dialogue(cells: Cells, columns: DialogueColumns, name: str) -> list[Message]:
    """The turns in a column, after the system text from its own column. Raises Unfit."""
    messages = turns(cells, name, columns.role, columns.content, {**ROLES, **columns.roles})
    system = filled(cells, columns.system)
    return [Message("system", system), *messages] if (
        system and messages[:1] and messages[0].role != "system") else messages


def single(cells: Cells, columns: DialogueColumns) -> list[Message]:
    """The question from its own column, after the system text. Raises Unfit."""
    system, question = filled(cells, columns.system), Message("user", text(cells, str(columns.question)))
    return [Message("system", system), question] if system else [question]


def _option(value: Any) -> Any:
    """An option as text; an empty cell is none, as CSV has no nulls."""
    return None if value == "" or value != value else _plain(value)


def _plain(value: Any) -> Any:
    """Numbers as text."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _refuse_absent(folder: Path, columns: Columns) -> None:
    missing, seen = columns.named, dict[str, None]()
    for element in rawfiles.elements(folder, suffixes=TABULAR):
        if isinstance(element.value, dict):
            seen |= dict.fromkeys(element.value)
            missing = [names for names in missing if all(at(element.value, name) is ABSENT for name in names)]
        if not missing:
            return
    if seen:  # otherwise every row is broken and reported as such
        names, present = " or ".join(f"'{name}'" for name in missing[0]), ", ".join(name[:40] for name in seen)[:1000]
        raise SourceError(str(folder), f"no row has a column {names}; the columns are {present}",
                          "correct columns in params.yaml")
