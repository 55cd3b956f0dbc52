"""Dialogues in one string (Mohammed-Altaf/medical-instruction-120k): JSON lines, a JSON list, or Parquet.

{"Conversation": "The conversation between human and AI assistant.\\n[|Human|] …\\n[|AI|] …\\n[|Human|] …\\n[|AI|] …"}
The last AI turn is the reference, the turns before it are the messages. Rows with instruction, input and output
instead of a conversation are accepted too.
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
    messages = turns(text(row, name or "Conversation"))
    if messages[-1].role == "user":
        raise Unfit(
            "answer_missing", f"the dialogue ends with human turn {len(messages)}; an AI turn expected", "dropped")
    asked, answer = messages[:-1], messages[-1].content
    others = tuple(unread(row, {str(name)}))
    refuse_loss(row, others, " ".join(turn.content for turn in asked), answer)
    return RawRow(element.key, element.origin, asked[-1].content, history=asked[:-1], reference=answer, unread=others)


def turns(dialogue: str) -> list[Message]:
    """The turns of a marked dialogue, ending with a non-empty one. Raises Unfit unless human and AI alternate.

    Text before the first mark is the dialogue's system message, except the constant sentence of this format.
    """
    head, *rest = _MARK.split(dialogue)
    marked = zip(rest[::2], rest[1::2], strict=True)
    messages = [Message("user" if who == "Human" else "assistant", what.strip()) for who, what in marked]
    if len(messages) > 1 and not messages[-1].content:  # the format ends with an empty turn for the next speaker
        messages.pop()
    if not messages:
        raise Unfit("broken_turns", "no [|Human|] or [|AI|] mark found")
    for number, turn in enumerate(messages):
        if turn.role != ("user", "assistant")[number % 2]:
            raise Unfit(
                "broken_turns", f"turn {number + 1} of {len(messages)} is the {turn.role}'s, the other's expected")
        if not turn.content:
            raise Unfit("broken_turns", f"turn {number + 1} of {len(messages)} is empty")
    system = head.strip()
    return messages if system.lower() in ("", PREAMBLE.lower()) else [Message("system", system), *messages]
