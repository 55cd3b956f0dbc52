"""What the screen finds in a row: a countable code, a sentence, and where in which text."""

from collections.abc import Iterator
from dataclasses import dataclass

from ultramed.records import Instruction


@dataclass(frozen=True)
class Place:
    """A stretch of one of a row's texts, in characters."""

    field: str  # as `fields` names it
    start: int
    end: int

    def __str__(self) -> str:
        return f"characters {self.start}–{self.end} of the {self.field}"


@dataclass(frozen=True)
class Finding:
    """Why a row cannot be used as it is."""

    code: str
    reason: str
    places: tuple[Place, ...] = ()  # none where the row as a whole is meant


def fields(instruction: Instruction) -> Iterator[tuple[str, str]]:
    """Every text of a row with the name that reasons give it."""
    last = len(instruction.messages) - 1
    for number, message in enumerate(instruction.messages):
        yield "question" if number == last else f"turn {number + 1} ({message.role})", message.content
    for option in instruction.options:
        yield f"option {option.letter}", option.text
    yield "reference answer", instruction.reference or ""
