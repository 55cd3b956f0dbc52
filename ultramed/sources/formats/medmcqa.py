"""MedMCQA (Indian entrance exams; medmcqa/medmcqa): JSON lines with `cop` from 1, or the Hub's Parquet from 0.

{"question": "…", "exp": "…", "cop": 1, "opa": "…", "opb": "…", "opc": "…", "opd": "…", "subject_name": "Anatomy",
 "topic_name": "…", "id": "e9ad821a-…", "choice_type": "single"}
`exp` is taken from textbooks and never copied. `choice_type` is unreliable: every row has one key.
"""

from collections.abc import Iterator
from pathlib import Path

from ultramed.params import Input
from ultramed.sources.raw import RawRow, Row, Unfit, lettered, rows, text
from ultramed.sources.rawfiles import Element


def read(folder: Path, _: Input) -> Iterator[Row]:
    """The rows of the files under `folder`; the key is the row's index from 0."""
    return rows(folder, parse)


def parse(element: Element) -> RawRow:
    """One question. Raises Unfit with code answer_missing if the file gives no key (JSON: 0 or none;
    Parquet: -1 or none), key_out_of_range for any other `cop` that names no option."""
    row = element.value
    question = text(row, "question")
    missing = [name for name in ("opa", "opb", "opc", "opd") if name not in row]
    if missing:
        raise Unfit("missing_field", f"field '{missing[0]}' is missing, text expected")
    options = lettered([row[name] for name in ("opa", "opb", "opc", "opd")])
    first = 0 if element.parquet else 1
    letter = options[_index(row.get("cop"), first)].letter
    return RawRow(element.key, element.origin, question, options=options, letter=letter)


def _index(cop: object, first: int) -> int:
    number = int(cop) if isinstance(cop, str) and cop.strip().isascii() and cop.strip().isdigit() else cop
    if number is None or number == "" or number == first - 1:
        raise Unfit("answer_missing", f"cop is {number!r}: no key; this format counts from {first}")
    if isinstance(number, bool) or not isinstance(number, int) or not first <= number <= first + 3:
        raise Unfit("key_out_of_range", f"cop is {str(number)[:20]!r}; expected {first} to {first + 3}")
    return number - first
