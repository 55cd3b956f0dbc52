"""PubMedQA's labelled test set, 500 abstracts (pubmedqa/pubmedqa): ori_pqal.json, with test_ground_truth.json naming
the 500 of its 1,000 that are the test set."""

import json
from collections.abc import Iterator
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.records import BenchmarkItem
from ultramed.sources import pubmedqa
from ultramed.sources.benchmarks.items import items

TRUTH = "test_ground_truth.json"


def questions(folder: Path) -> Iterator[BenchmarkItem]:
    """The test questions; all of them where test_ground_truth.json is not there. Raises SourceError when one that it
    names is missing, or has another decision than it says."""
    truth = _truth(folder)
    rows = (row for row in pubmedqa.read(folder) if truth is None or row.key in truth)
    for item in items(folder, rows):
        decision = None if truth is None else truth.pop(item.id.partition(",")[2])
        if decision is not None and pubmedqa.DECISIONS.get(decision) != item.key:
            found = f"says '{decision[:20]}' for {item.id}, whose key is {item.key}"
            raise SourceError(f"{folder}/{TRUTH}", found, "fetch the original files again")
        yield item
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
