"""Instruction, input, output: ChatDoctor (Kent0n-Li/ChatDoctor) and MedInstruct-52k (XZhang97666/AlpaCare).

{"instruction": "If you are a doctor, please answer the medical questions based on the patient's description.",
 "input": "Doctor, I have been experiencing …", "output": "…"}
A JSON list; "<noinput>" and its like stand for no input. A field that is not one of these and belongs to the question
by its name (`context`, `history`, `options` …), or to the answer of a row without an output (`response` …), is not
passed over: the row is quarantined as unread_field.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ultramed.params import Input
from ultramed.sources.placeholders import is_placeholder
from ultramed.sources.raw import RawRow, Row, Unfit, optional, rows, text
from ultramed.sources.rawfiles import Element
from ultramed.sources.unread import refuse_loss, unread

CONSTANT = "If you are a doctor, please answer the medical questions based on the patient's description"
READS = {"instruction", "input", "output"}


def read(folder: Path, _: Input) -> Iterator[Row]:
    """The rows of the files under `folder`; the key is the row's index from 0."""
    return rows(folder, parse)


def parse(element: Element) -> RawRow:
    """One instruction. Raises Unfit; a row whose output is present but empty is dropped with code answer_missing."""
    row = element.value
    others = unread(row, READS)
    if others:
        refuse_loss(row, others, _asked(row), optional(row, "output"))
    return RawRow(element.key, element.origin, question(row), reference=reference(row), unread=tuple(others))


def question(row: dict[str, Any]) -> str:
    """Instruction, blank line, input; the input alone if the instruction is ChatDoctor's constant one."""
    if "instruction" not in row:
        text(row, "instruction")
    instruction, given = optional(row, "instruction"), optional(row, "input")
    given = None if given and is_placeholder(given) else given
    if instruction and instruction.rstrip(".") == CONSTANT:
        if given is None:
            raise Unfit("missing_field", "field 'input' is missing or empty, the patient's question expected")
        return given
    if instruction is None and given is None:
        raise Unfit("missing_field", "fields 'instruction' and 'input' are both empty")
    return "\n\n".join(part for part in (instruction, given) if part)


def _asked(row: dict[str, Any]) -> str:
    return " ".join(filter(None, (optional(row, "instruction"), optional(row, "input"))))


def reference(row: dict[str, Any]) -> str | None:
    """The output; None if the set has no such field. Raises Unfit (dropped) if it is empty."""
    answer = optional(row, "output")
    if answer is None and "output" in row:
        raise Unfit("answer_missing", "the source gives an empty output", "dropped")
    return answer
