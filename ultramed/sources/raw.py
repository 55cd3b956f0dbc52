"""Shared by the readers: rows as they are in the raw files, each with its origin."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from ultramed.records import Message, Option, VerdictOutcome, as_dict
from ultramed.sources.rawfiles import Element, Fault, elements

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class RawRow:
    """The parts of an Instruction that come from the raw file."""

    key: str  # what follows "<prefix>," in the id
    origin: str  # "<file>:<line>", for Parquet "<file>#<row>"; the file is relative to the source's folder
    question: str  # the last user turn, without context and options
    context: str | None = None  # passage the question is about
    history: list[Message] = field(default_factory=list)  # turns before the question
    options: list[Option] = field(default_factory=list)
    letter: str | None = None  # of the right option
    reference: str | None = None  # the answer that came with the row
    as_of: str | None = None  # date at which the content was current, as given by the source
    subject: str | None = None  # for a benchmark whose subjects are separate tasks
    unread: tuple[str, ...] = ()  # fields with content that the format does not read

    @property
    def messages(self) -> list[Message]:
        """All turns; a context precedes the question in the last one."""
        text = f"Context: {self.context}\n\nQuestion: {self.question}" if self.context else self.question
        return [*self.history, Message("user", text)]


@dataclass(frozen=True)
class Broken:
    """A raw row that yields no Instruction, and why."""

    key: str
    origin: str
    code: str
    reason: str
    outcome: VerdictOutcome = "quarantined"  # "dropped" if the source itself has nothing there


class Unfit(Exception):
    """Raised by a parser for a row it cannot use; `rows` turns it into a Broken."""

    def __init__(self, code: str, reason: str, outcome: VerdictOutcome = "quarantined") -> None:
        super().__init__(reason)
        self.code, self.reason, self.outcome = code, reason, outcome


Row = RawRow | Broken
Parsed = TypeVar("Parsed")  # what a parser makes of an element: a RawRow, Example or Preference


class Keys:
    """The keys of a source seen so far."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def seen(self, key: str, origin: str) -> Broken | None:
        """None for a new key, which is then recorded, else a Broken under a unique name."""
        if key not in self._seen:
            self._seen.add(key)
            return None
        number = 2
        while (other := f"{key}#{number}") in self._seen:
            number += 1
        self._seen.add(other)
        return Broken(other, origin, "duplicate_key", f"key {key!a} was seen before; expected once")


def rows(folder: Path, parse: Callable[[Element], RawRow], keyed: bool = False) -> Iterator[Row]:
    """Every raw row of the JSON and Parquet files under `folder`, parsed or Broken, in file order.

    `keyed`: a JSON file is one object whose members are the rows.
    Raises SourceError for a file that cannot be read at all.
    """
    for element in elements(folder, keyed):
        yield attempt(parse, element)


def attempt(parse: Callable[[Element], Parsed], element: Element) -> Parsed | Broken:
    """The parsed element, or a Broken with the reason."""
    try:
        if isinstance(element.value, Fault):
            raise Unfit(element.value.code, element.value.reason)
        row = parse(element)
        _refuse_half_characters(row)
        return row
    except Unfit as unfit:
        return Broken(element.key, element.origin, unfit.code, unfit.reason, unfit.outcome)


def text(row: dict[str, Any], name: str) -> str:
    """A required text field, stripped. Raises Unfit if it is missing, empty or not text."""
    value = optional(row, name)
    if value is None:
        raise Unfit("missing_field", f"field '{name}' {'is empty' if name in row else 'is missing'}, text expected")
    return value


def optional(row: dict[str, Any], name: str) -> str | None:
    """An optional text field, stripped; None if absent or empty. Raises Unfit for another type."""
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise Unfit("missing_field", f"field '{name}' holds {described(value)}, text expected")
    return (value.strip() or None) if value else None


def options(raw: Any, name: str = "options") -> list[Option]:
    """Options from an object {A: …} or a list, whose texts may begin with their letters. Raises Unfit.

    Nulls at the end are no options: Arrow gives every row the letters of all rows.
    """
    if isinstance(raw, dict):
        last = max((letter for letter, label in raw.items() if not _null(label)), default="")
        raw = {letter: label for letter, label in raw.items() if letter <= last}
        letters = sorted(raw)
        if letters != list(LETTERS[: len(letters)]):
            raise Unfit("missing_field", f"options are named {', '.join(letters)[:60]!a}; expected A, B, C without gap")
        return lettered([raw[letter] for letter in letters])
    if not isinstance(raw, list):
        raise Unfit("missing_field", f"field '{name}' holds {described(raw)}, an object or a list expected")
    while raw and _null(raw[-1]):
        raw = raw[:-1]
    marked = [re.fullmatch(r"\s*([A-Z])[.)]\s*(.*)", o, re.DOTALL) if isinstance(o, str) else None for o in raw]
    if all(m and m[1] == LETTERS[n] for n, m in enumerate(marked[:26])):
        return lettered([m[2] for m in marked if m])
    return lettered(raw)


def lettered(texts: list[Any]) -> list[Option]:
    """Options A, B, C … from their texts. Raises Unfit for an empty one or for fewer than two."""
    if len(texts) < 2:
        raise Unfit("missing_field", f"{len(texts)} option(s) found, at least 2 expected")
    choices = []
    for letter, value in zip(LETTERS, texts, strict=False):
        if not isinstance(value, str) or not value.strip():
            raise Unfit("empty_option", f"option {letter} of {len(texts)} is empty")
        choices.append(Option(letter, value.strip()))
    return choices


def _null(value: Any) -> bool:
    """Null, also as pandas writes it: a number that is not itself."""
    return value is None or value != value


def described(value: Any) -> str:
    """The kind of a value, for reasons: a raw value is never quoted in full."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "nothing"}
    return kinds.get(type(value), "a number")


def _refuse_half_characters(row: Any) -> None:
    """Invalid UTF-8 bytes and lone surrogate escapes such as \\ud83d cannot be stored as text."""
    try:
        json.dumps(as_dict(row), ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Unfit("bad_encoding", f"holds {error.object[error.start]!a}, which is no character in UTF-8") from None
