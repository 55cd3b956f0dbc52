"""Direct personal health identifiers in text, by kind. Spans only: the text itself is never repeated.

Clinical numbers (blood pressures, doses, laboratory values, ages, PMIDs, dates of symptoms) are not
identifiers, nor are the addresses and toll-free numbers of public institutions. Names need a cue.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ultramed.curation import names, patterns
from ultramed.curation.findings import fields
from ultramed.records import Instruction

_HINTS = {  # every lower-cased text with the kind contains one of these, which rules out most texts at once
    "email": ("@", "dot", "at)", "at]"),
    "url": ("://", "www.", ".com/", ".me/", ".org/"),
    "date_of_birth": ("born", "birth", "dob", "o.b", "o. b", "o b"),
    "record_number": ("number", " no", "id", "num", "mrn", "m.r.n", "card", "record", "chart", "file"),
}
_DIGITS = {
    "phone": re.compile(r"\d(?:[\s().\-]{0,3}\d){6}"),
    "ssn": re.compile(r"\d{3}[\s-]?\d{2}[\s-]?\d{4}"),
    "record_number": re.compile(r"\d{3}"),
    "street_address": re.compile(r"\d"),
    "date_of_birth": re.compile(r"\d"),
}


@dataclass(frozen=True)
class Span:
    """The position of an identifier in a text, in characters."""

    kind: str  # one of params `screen.identifiers`
    start: int
    end: int


def find(text: str, kinds: Sequence[str]) -> list[Span]:
    """Identifiers of these kinds, in text order. Raises KeyError for an unknown kind."""
    lower = text.lower()
    spans = {Span(kind, *span) for kind in kinds if _possible(kind, lower) for span in FINDERS[kind](text)}
    return sorted(spans, key=lambda s: (s.start, s.end, s.kind))


def _possible(kind: str, lower: str) -> bool:
    digits = _DIGITS.get(kind)
    return any(h in lower for h in _HINTS.get(kind, ("",))) and (digits is None or digits.search(lower) is not None)


def identifier(instruction: Instruction, kinds: Sequence[str]) -> tuple[str, str] | None:
    """Code and reason for the first direct identifier in question, options or reference answer, else None."""
    for field, text in fields(instruction):
        if spans := find(text, kinds):
            first = spans[0]
            named = first.kind.replace("_", " ")
            return f"identifier_{first.kind}", f"{named} at characters {first.start}–{first.end} of the {field}"
    return None


def _matches(*patterns: re.Pattern[str]) -> Callable[[str], Iterator[tuple[int, int]]]:
    def finder(text: str) -> Iterator[tuple[int, int]]:
        yield from (match.span() for pattern in patterns for match in pattern.finditer(text))

    return finder


def _urls(text: str) -> Iterator[tuple[int, int]]:
    """Web addresses, except those of public institutions, which articles refer to."""
    for match in patterns.URL.finditer(text):
        if match["site"] or not patterns.PUBLIC_HOST.search(match["host"]):
            yield match.span()


def _phones(text: str) -> Iterator[tuple[int, int]]:
    """Numbers in a telephone format or after a cue, except toll-free ones and quantities."""
    spans = [m.span() for pattern in (patterns.PHONE_WRITTEN, patterns.MOBILE) for m in pattern.finditer(text)]
    spans += [m.span("number") for m in patterns.PHONE_CUED.finditer(text)]
    for start, end in spans:
        number = text[start:end]
        plausible = 7 <= sum(c.isdigit() for c in number) <= 15 and not patterns.TOLL_FREE.match(number)
        if plausible and not patterns.UNIT.match(text, end):
            yield start, end


FINDERS: dict[str, Callable[[str], Iterator[tuple[int, int]]]] = {
    "email": _matches(patterns.EMAIL),
    "phone": _phones,
    "url": _urls,
    "date_of_birth": _matches(patterns.BIRTH),
    "record_number": _matches(patterns.RECORD),
    "person_name": names.find,
    "street_address": _matches(patterns.STREET, patterns.STREET_CUED, patterns.POSTAL),
    "ssn": _matches(patterns.SSN, patterns.SSN_CUED),
}
