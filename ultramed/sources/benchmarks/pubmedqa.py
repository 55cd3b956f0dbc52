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
    """The test questions; all of them where test_ground_truth.json is not there. Raises SourceError when one that it
    names is missing, or has another decision than it says."""
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
        found = f"names {len(truth)} abstract(s) that are not there, the first is {next(iter(truth))[:20]}"
        raise SourceError(f"{folder}/{TRUTH}", found, "put ori_pqal.json beside it")


def _truth(folder: Path) -> dict[str, str] | None:
    found = sorted(folder.rglob(TRUTH))
    if not found:
        return None
    try:
        truth = json.loads(found[0].read_text(encoding="utf-8"))
    except ValueError as error:
        raise SourceError(str(found[0]), f"is not JSON: {error}", "fetch the original again") from None
    if not isinstance(truth, dict) or not all(isinstance(v, str) for v in truth.values()):
        raise SourceError(str(found[0]), "is no object of decisions by PMID", "fetch the original again")
    return truth
