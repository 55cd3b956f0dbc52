"""MMLU's medical subjects (hendrycks/test): one headerless CSV a subject, question, A, B, C, D, answer.

A lesion causing compression of the facial nerve at the stylomastoid foramen will cause ipsilateral,paralysis of …,A
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.records import BenchmarkItem, Option
from ultramed.sources.rawfiles import files


def questions(folder: Path) -> Iterator[BenchmarkItem]:
    """The questions of every CSV under `folder`; the id ends in `<file>/<index from 0>`.

    Raises SourceError for a row of another shape.
    """
    for path in files(folder, (".csv",)):
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            try:
                for index, row in enumerate(reader):
                    yield _item(folder, f"{path.stem}/{index}", row)
            except (ValueError, csv.Error) as error:
                raise SourceError(f"{path}:{reader.line_num}", str(error), "fetch the original again") from None


def _item(folder: Path, key: str, row: list[str]) -> BenchmarkItem:
    if len(row) != 6 or not all(field.strip() for field in row):
        full = sum(bool(field.strip()) for field in row)
        raise ValueError(f"{full} of {len(row)} fields are full, 6 of 6 expected: question, A, B, C, D, answer")
    question, *texts, letter = (field.strip() for field in row)
    if letter not in "ABCD":
        raise ValueError(f"the answer is {letter[:20]!a}, expected A, B, C or D")
    options = [Option(name, text) for name, text in zip("ABCD", texts, strict=True)]
    return BenchmarkItem(f"{folder.name},{key}", folder.name, question, None, options, letter)
