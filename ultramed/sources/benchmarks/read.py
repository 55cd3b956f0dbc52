"""The questions of a benchmark, whatever its raw format."""

from collections.abc import Callable, Iterator
from pathlib import Path

from ultramed.records import BenchmarkItem
from ultramed.sources.benchmarks import medmcqa, medqa, mmlu, pubmedqa


def questions(form: str, folder: Path) -> Iterator[BenchmarkItem]:
    """The questions of a benchmark whose raw format is named in params. Raises SourceError for any row that
    cannot be read: a benchmark with a hole neither measures nor screens."""
    forms: dict[str, Callable[[Path], Iterator[BenchmarkItem]]] = {
        "medqa": medqa.questions, "medmcqa": medmcqa.questions, "pubmedqa": pubmedqa.questions, "mmlu": mmlu.questions,
    }
    return forms[form](folder)
