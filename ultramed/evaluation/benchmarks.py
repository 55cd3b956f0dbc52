"""Benchmark questions in one shape, whatever the raw format."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.records import Option, Record
from ultramed.sources.raw import Broken, RawRow, Row


@dataclass(frozen=True)
class BenchmarkItem(Record):
    id: str  # "<benchmark>,<key of the raw row>"
    benchmark: str  # name in params: the folder that fetch made
    question: str  # without context and options
    context: str | None  # passage the question is about
    options: list[Option]
    key: str  # letter of the right option


def questions(form: str, folder: Path) -> Iterator[BenchmarkItem]:
    """The questions of a benchmark whose raw format is named in params. Raises SourceError for any row that
    cannot be read: a benchmark with a hole neither measures nor screens."""
    from ultramed.evaluation import medmcqa, medqa, mmlu, pubmedqa

    forms: dict[str, Callable[[Path], Iterator[BenchmarkItem]]] = {
        "medqa": medqa.questions, "medmcqa": medmcqa.questions, "pubmedqa": pubmedqa.questions, "mmlu": mmlu.questions,
    }
    return forms[form](folder)


def items(folder: Path, rows: Iterator[Row]) -> Iterator[BenchmarkItem]:
    """Rows of a source's reader as benchmark items."""
    for row in rows:
        if isinstance(row, Broken):
            raise SourceError(f"{folder}/{row.origin}", f"{row.code}: {row.reason}; a benchmark must be whole",
                              "fetch the original again, or mend the row")
        yield item(folder, row)


def item(folder: Path, row: RawRow) -> BenchmarkItem:
    """One exam row; its reader has refused rows without a key."""
    name, letter = folder.name, row.letter or ""
    return BenchmarkItem(f"{name},{row.key}", name, row.question, row.context, row.options, letter)
