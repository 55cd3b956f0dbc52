"""MedQA (USMLE questions; jind11/MedQA): JSON lines, or a JSON list of the same rows repacked.

{"question": "A 23-year-old …", "answer": "Nitrofurantoin", "options": {"A": "Ampicillin", …, "E": …},
 "meta_info": "step2&3", "answer_idx": "E", "metamap_phrases": […]}      (phrases in the 4-option files)
Repacked: "options": ["A. Ampicillin", …] and the answer's text alone.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ultramed.records import Option
from ultramed.sources.raw import RawRow, Row, Unfit, described, lettered, optional, rows, text
from ultramed.sources.rawfiles import Element


def read(folder: Path) -> Iterator[Row]:
    """The rows of the files under `folder`; the key is the row's index from 0."""
    return rows(folder, parse)


def parse(element: Element) -> RawRow:
    """One question. Raises Unfit, with code answer_missing where neither letter nor text gives the key."""
    row = element.value
    question, options = text(row, "question"), _options(row.get("options"))
    letter = _letter(row, options)
    return RawRow(element.key, element.origin, question, options=options, letter=letter)


def _options(found: Any) -> list[Option]:
    if isinstance(found, dict):
        letters = sorted(found)
        if letters != list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(letters)]):
            raise Unfit("missing_field", f"options are named {', '.join(letters)[:60]!a}; expected A, B, C without gap")
        return lettered([found[letter] for letter in letters])
    if not isinstance(found, list):
        raise Unfit("missing_field", f"field 'options' holds {described(found)}, an object or a list expected")
    marked = [re.fullmatch(r"\s*([A-Z])[.)]\s*(.*)", o, re.DOTALL) if isinstance(o, str) else None for o in found]
    if all(m and m[1] == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[n] for n, m in enumerate(marked[:26])):
        return lettered([m[2] for m in marked if m])
    return lettered(found)


def _letter(row: dict[str, Any], options: list[Option]) -> str:
    letter, answer = optional(row, "answer_idx"), optional(row, "answer")
    if letter is None and answer is None:
        raise Unfit("answer_missing", "neither 'answer_idx' nor 'answer' names the right option")
    same = [o.letter for o in options if answer is not None and _same(o.text, answer)]
    if letter is None:
        if len(same) != 1:
            raise Unfit("answer_missing", f"the answer's text equals {len(same)} of {len(options)} options, 1 expected")
        return same[0]
    if letter not in {o.letter for o in options}:
        raise Unfit("key_out_of_range", f"answer_idx is {letter[:20]!r}; expected A to {options[-1].letter}")
    if answer is not None and letter not in same:
        raise Unfit("key_contradicts", f"answer_idx is {letter}, but 'answer' is not the text of option {letter}")
    return letter


def _same(option: str, answer: str) -> bool:
    return " ".join(option.split()) == " ".join(re.sub(r"^[A-Z]\. ", "", answer).split()) or option == answer
