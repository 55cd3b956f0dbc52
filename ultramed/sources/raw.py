"""What the readers share: rows as they stand in the raw files, each with the place where it was found."""

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
    """The parts of an Instruction that the raw file itself holds."""

    key: str  # what follows "<prefix>," in the id
    origin: str  # "<file>:<line>", for Parquet "<file>#<row>"; the file is relative to the source's folder
    question: str  # the last user turn, without context and options
    context: str | None = None  # passage the question is about
    history: list[Message] = field(default_factory=list)  # turns before the question
    options: list[Option] = field(default_factory=list)
    letter: str | None = None  # of the right option
    reference: str | None = None  # the answer that came with the row
    as_of: str | None = None  # date the content was current at, as the source gives it
    subject: str | None = None  # of a benchmark whose subjects are tasks of their own
    unread: tuple[str, ...] = ()  # fields with content that the format does not read

    @property
    def messages(self) -> list[Message]:
        """All turns; a context precedes the question in the last one."""
        text = f"Context: {self.context}\n\nQuestion: {self.question}" if self.context else self.question
        return [*self.history, Message("user", text)]


@dataclass(frozen=True)
class Broken:
    """A raw row that gives no Instruction, and why."""

    key: str
    origin: str
    code: str
    reason: str
    outcome: VerdictOutcome = "quarantined"  # "dropped" where the source itself says that nothing is there


class Unfit(Exception):
    """Raised by a parser for a row it cannot use; `rows` turns it into a Broken."""

    def __init__(self, code: str, reason: str, outcome: VerdictOutcome = "quarantined") -> None:
        super().__init__(reason)
        self.code, self.reason, self.outcome = code, reason, outcome


Row = RawRow | Broken
Parsed = TypeVar("Parsed")  # what a parser makes of an element: a RawRow, Example or Preference


class Keys:
    """The keys of a source that have been seen."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def seen(self, key: str, origin: str) -> Broken | None:
        """None for a new key, which counts as seen from now on, else a Broken under a name of its own."""
        if key not in self._seen:
            self._seen.add(key)
            return None
        number = 2
        while (other := f"{key}#{number}") in self._seen:
            number += 1
        self._seen.add(other)
        return Broken(other, origin, "duplicate_key", f"key {key!a} was seen before; expected once")


def rows(folder: Path, parse: Callable[[Element], RawRow], keyed: bool = False) -> Iterator[Row]:
    """Every raw row of the JSON and Parquet files under `folder`, parsed or Broken, in the files' order.

    `keyed` says that a JSON file is one object whose members are the rows.
    Raises SourceError for a file that cannot be read at all.
    """
    for element in elements(folder, keyed):
        yield attempt(parse, element)


def attempt(parse: Callable[[Element], Parsed], element: Element) -> Parsed | Broken:
    """One element parsed, or a Broken with the reason why not."""
    try:
        if isinstance(element.value, Fault):
            raise Unfit(element.value.code, element.value.reason)
        row = parse(element)
        _refuse_half_characters(row)
        return row
    except Unfit as unfit:
        return Broken(element.key, element.origin, unfit.code, unfit.reason, unfit.outcome)


def text(row: dict[str, Any], name: str) -> str:
    """A field that must hold text, stripped. Raises Unfit when it is missing, empty or no text."""
    found = optional(row, name)
    if found is None:
        raise Unfit("missing_field", f"field '{name}' {'is empty' if name in row else 'is missing'}, text expected")
    return found


def optional(row: dict[str, Any], name: str) -> str | None:
    """A field that may hold text, stripped; None when absent or empty. Raises Unfit for another type."""
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise Unfit("missing_field", f"field '{name}' holds {described(value)}, text expected")
    return (value.strip() or None) if value else None


def options(found: Any, name: str = "options") -> list[Option]:
    """Options from an object {A: …} or a list, whose texts may begin with their letters. Raises Unfit.

    Nulls at the end are no options: Arrow gives every row the letters of all rows.
    """
    if isinstance(found, dict):
        last = max((letter for letter, said in found.items() if not _null(said)), default="")
        found = {letter: said for letter, said in found.items() if letter <= last}
        letters = sorted(found)
        if letters != list(LETTERS[: len(letters)]):
            raise Unfit("missing_field", f"options are named {', '.join(letters)[:60]!a}; expected A, B, C without gap")
        return lettered([found[letter] for letter in letters])
    if not isinstance(found, list):
        raise Unfit("missing_field", f"field '{name}' holds {described(found)}, an object or a list expected")
    while found and _null(found[-1]):
        found = found[:-1]
    marked = [re.fullmatch(r"\s*([A-Z])[.)]\s*(.*)", o, re.DOTALL) if isinstance(o, str) else None for o in found]
    if all(m and m[1] == LETTERS[n] for n, m in enumerate(marked[:26])):
        return lettered([m[2] for m in marked if m])
    return lettered(found)


def lettered(texts: list[Any]) -> list[Option]:
    """Options A, B, C … from their texts. Raises Unfit for an empty one or for fewer than two."""
    if len(texts) < 2:
        raise Unfit("missing_field", f"{len(texts)} option(s) found, at least 2 expected")
    found = []
    for letter, value in zip(LETTERS, texts, strict=False):
        if not isinstance(value, str) or not value.strip():
            raise Unfit("empty_option", f"option {letter} of {len(texts)} is empty")
        found.append(Option(letter, value.strip()))
    return found


def _null(value: Any) -> bool:
    """Null, also as pandas writes it: a number that is not itself."""
    return value is None or value != value


def described(value: Any) -> str:
    """A value named by its kind, for reasons: a raw value is never repeated in full."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "nothing"}
    return kinds.get(type(value), "a number")


def _refuse_half_characters(row: Any) -> None:
    """Bytes that are no UTF-8, and escapes such as \\ud83d that stand alone, cannot be stored as text."""
    try:
        json.dumps(as_dict(row), ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Unfit("bad_encoding", f"holds {error.object[error.start]!a}, which is no character in UTF-8") from None
