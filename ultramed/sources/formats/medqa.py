"""MedQA (USMLE questions; jind11/MedQA): JSON lines, or a JSON list of the same rows repacked.

{"question": "A 23-year-old …", "answer": "Nitrofurantoin", "options": {"A": "Ampicillin", …, "E": …},
 "meta_info": "step2&3", "answer_idx": "E", "metamap_phrases": […]}      (phrases in the 4-option files)
Repacked: "options": ["A. Ampicillin", …] and the answer's text alone.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ultramed.params import Input
from ultramed.records import Option
from ultramed.sources.raw import RawRow, Row, Unfit, optional, options, rows, text
from ultramed.sources.rawfiles import Element
from ultramed.sources.unread import unread

READS = {"question", "options", "answer", "answer_idx", "meta_info", "metamap_phrases"}


def read(folder: Path, _: Input) -> Iterator[Row]:
    """The rows of the files under `folder`; the key is the row's index from 0."""
    return rows(folder, parse)


def parse(element: Element) -> RawRow:
    """One question. Raises Unfit, with code answer_missing if neither letter nor text gives the key."""
    row = element.value
    question, given = text(row, "question"), options(row.get("options"))
    return RawRow(element.key, element.origin, question, options=given, letter=_letter(row, given),
                  unread=tuple(unread(row, READS)))


def _letter(row: dict[str, Any], given: list[Option]) -> str:
    letter, answer = optional(row, "answer_idx"), optional(row, "answer")
    if letter is None and answer is None:
        raise Unfit("answer_missing", "neither 'answer_idx' nor 'answer' names the right option")
    same = [o.letter for o in given if answer is not None and _same(o.text, answer)]
    if letter is None:
        if len(same) != 1:
            raise Unfit("answer_missing", f"the answer's text equals {len(same)} of {len(given)} options, 1 expected")
        return same[0]
    if letter not in {o.letter for o in given}:
        raise Unfit("key_out_of_range", f"answer_idx is {letter[:20]!r}; expected A to {given[-1].letter}")
    if answer is not None and letter not in same:
        raise Unfit("key_contradicts", f"answer_idx is {letter}, but 'answer' is not the text of option {letter}")
    return letter


def _same(option: str, answer: str) -> bool:
    return " ".join(option.split()) == " ".join(re.sub(r"^[A-Z]\. ", "", answer).split()) or option == answer
