"""PubMedQA's labelled test set, 500 abstracts (pubmedqa/pubmedqa): ori_pqal.json, with test_ground_truth.json naming
the 500 of its 1,000 that are the test set."""

import json
from collections.abc import Iterator
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.params import Input
from ultramed.sources.formats import pubmedqa
from ultramed.sources.raw import RawRow, Row

KIND = "multiple_choice"
TRUTH = "test_ground_truth.json"


def read(folder: Path, benchmark: Input) -> Iterator[Row]:
    """The test questions; all questions if test_ground_truth.json is absent. Raises SourceError if one that it names
    is missing or has a different decision."""
    truth = _truth(folder)
    for row in pubmedqa.read(folder, benchmark):
        if truth is None:
            yield row
        elif row.key in truth:
            decision = truth.pop(row.key)
            if isinstance(row, RawRow) and pubmedqa.DECISIONS.get(decision) != row.letter:
                raise SourceError(f"{folder}/{TRUTH}", f"says '{decision[:20]}' for {row.key}, whose key is "
                                  f"{row.letter}", "fetch the original files again")
            yield row
    if truth:
        missing = f"names {len(truth)} abstract(s) that are missing, the first is {next(iter(truth))[:20]}"
        raise SourceError(f"{folder}/{TRUTH}", missing, "put ori_pqal.json next to it")


def _truth(folder: Path) -> dict[str, str] | None:
    paths = sorted(folder.rglob(TRUTH))
    if not paths:
        return None
    try:
        truth = json.loads(paths[0].read_text(encoding="utf-8"))
    except ValueError as error:
        raise SourceError(str(paths[0]), f"is not JSON: {error}", "fetch the original again") from None
    if not isinstance(truth, dict) or not all(isinstance(v, str) for v in truth.values()):
        raise SourceError(str(paths[0]), "is not a JSON object of decisions by PMID", "fetch the original again")
    return truth
