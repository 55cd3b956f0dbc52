"""MMLU's medical subjects (hendrycks/test): one headerless CSV per subject: question, A, B, C, D, answer.

A lesion causing compression of the facial nerve at the stylomastoid foramen will cause ipsilateral,paralysis of …,A
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.params import Input
from ultramed.sources.raw import RawRow, lettered
from ultramed.sources.rawfiles import files

KIND = "multiple_choice"


def read(folder: Path, _: Input) -> Iterator[RawRow]:
    """The questions of every CSV under `folder`; the key is `<file>/<index from 0>`, the subject the file's name.

    Raises SourceError for a row of any other shape.
    """
    for path in files(folder, (".csv",)):
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                for index, row in enumerate(reader):
                    yield _row(path, index, row)
            except (ValueError, csv.Error) as error:
                raise SourceError(f"{path}:{reader.line_num}", str(error), "fetch the original again") from None


def _row(path: Path, index: int, row: list[str]) -> RawRow:
    if len(row) != 6 or not all(field.strip() for field in row):
        full = sum(bool(field.strip()) for field in row)
        raise ValueError(f"{full} of {len(row)} fields are filled, 6 of 6 expected: question, A, B, C, D, answer")
    question, *texts, letter = (field.strip() for field in row)
    if letter not in list("ABCD"):
        raise ValueError(f"the answer is {letter[:20]!a}, expected A, B, C or D")
    return RawRow(f"{path.stem}/{index}", path.name, question, options=lettered(texts), letter=letter,
                  subject=path.stem.removesuffix("_test"))
