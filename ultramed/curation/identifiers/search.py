"""Direct personal health identifiers in text, by kind. Spans only: the text itself is never repeated.

Clinical numbers (blood pressures, doses, laboratory values, ages, PMIDs, dates of symptoms) are not
identifiers, nor are the addresses, web pages and toll-free numbers of public institutions. Names need a cue.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ultramed.curation.findings import fields
from ultramed.curation.identifiers import addresses, births, names, phones, records, web
from ultramed.curation.identifiers.passage import Passage
from ultramed.records import Instruction


@dataclass(frozen=True)
class Span:
    """The position of an identifier in a text, in characters."""

    kind: str  # one of params `screen.identifiers`
    start: int
    end: int


FINDERS: dict[str, Callable[[Passage], Iterator[tuple[int, int]]]] = {
    "email": web.emails,
    "phone": phones.find,
    "url": web.addresses,
    "date_of_birth": births.find,
    "record_number": records.find,
    "person_name": names.find,
    "street_address": addresses.find,
    "ssn": records.social_security,
}


def find(text: str, kinds: Sequence[str]) -> list[Span]:
    """Identifiers of these kinds, in text order. Raises KeyError for an unknown kind."""
    passage = Passage.of(text)
    spans = {Span(kind, *span) for kind in kinds for span in FINDERS[kind](passage)}
    return sorted(spans, key=lambda s: (s.start, s.end, s.kind))


def identifier(instruction: Instruction, kinds: Sequence[str]) -> tuple[str, str] | None:
    """Code and reason for the first direct identifier in question, options or reference answer, else None."""
    for field, text in fields(instruction):
        if spans := find(text, kinds):
            first = spans[0]
            named = first.kind.replace("_", " ")
            return f"identifier_{first.kind}", f"{named} at characters {first.start}–{first.end} of the {field}"
    return None
