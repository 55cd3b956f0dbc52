"""Dialogues in one string (Mohammed-Altaf/medical-instruction-120k): JSON lines, a JSON list, or Parquet.

{"Conversation": "The conversation between human and AI assistant.\\n[|Human|] …\\n[|AI|] …\\n[|Human|] …\\n[|AI|] …"}
The last AI turn is the reference, what precedes it the messages. Rows with instruction, input and output instead of
a conversation are taken as well.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from ultramed.params import Input
from ultramed.records import Message
from ultramed.sources.formats import alpaca
from ultramed.sources.raw import RawRow, Row, Unfit, rows, text
from ultramed.sources.rawfiles import Element
from ultramed.sources.unread import refuse_loss, unread

PREAMBLE = "The conversation between human and AI assistant."
_MARK = re.compile(r"\[\|(Human|AI)\|\]")


def read(folder: Path, _: Input) -> Iterator[Row]:
    """The rows of the files under `folder`; the key is the row's index from 0."""
    return rows(folder, parse)


def parse(element: Element) -> RawRow:
    """One dialogue. Raises Unfit with code broken_turns; without an AI turn it is dropped as answer_missing."""
    row = element.value
    name = next((n for n in ("Conversation", "conversation") if n in row), None)
    if name is None and "instruction" in row:
        return alpaca.parse(element)
    said = turns(text(row, name or "Conversation"))
    if said[-1].role == "user":
        raise Unfit("answer_missing", f"the dialogue ends with human turn {len(said)}; an AI turn expected", "dropped")
    asked, answer = said[:-1], said[-1].content
    others = tuple(unread(row, {str(name)}))
    refuse_loss(row, others, " ".join(turn.content for turn in asked), answer)
    return RawRow(element.key, element.origin, asked[-1].content, history=asked[:-1], reference=answer, unread=others)


def turns(dialogue: str) -> list[Message]:
    """The turns of a marked dialogue, ending with a full one. Raises Unfit unless human and AI alternate.

    Text before the first mark is the dialogue's system message, except the constant sentence of this format.
    """
    head, *rest = _MARK.split(dialogue)
    marked = zip(rest[::2], rest[1::2], strict=True)
    said = [Message("user" if who == "Human" else "assistant", what.strip()) for who, what in marked]
    if len(said) > 1 and not said[-1].content:  # the format closes with an empty turn for whoever is next
        said.pop()
    if not said:
        raise Unfit("broken_turns", "no [|Human|] or [|AI|] mark found")
    for number, turn in enumerate(said):
        if turn.role != ("user", "assistant")[number % 2]:
            raise Unfit("broken_turns", f"turn {number + 1} of {len(said)} is the {turn.role}'s, the other's expected")
        if not turn.content:
            raise Unfit("broken_turns", f"turn {number + 1} of {len(said)} is empty")
    system = head.strip()
    return said if system.lower() in ("", PREAMBLE.lower()) else [Message("system", system), *said]
