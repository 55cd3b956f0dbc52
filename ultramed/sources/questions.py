"""The questions of benchmarks, whatever their raw format."""

from collections.abc import Iterator
from pathlib import Path

from ultramed import registry
from ultramed.artifacts import BENCHMARKS
from ultramed.errors import SourceError
from ultramed.params import Benchmark, Params
from ultramed.records import BenchmarkItem
from ultramed.sources.raw import Broken, Keys

FORMATS = "ultramed.sources.benchmarks"


def all_questions(settings: Params, base: Path = Path(".")) -> Iterator[BenchmarkItem]:
    """The questions of every benchmark in params, read from where fetch put them under `base`."""
    for name, benchmark in settings.benchmarks.items():
        yield from questions(name, benchmark, base / BENCHMARKS / name)


def questions(name: str, benchmark: Benchmark, folder: Path) -> Iterator[BenchmarkItem]:
    """The questions of one benchmark. Raises SourceError for an unreadable row, a repeated key, and a benchmark
    without rows: an incomplete benchmark neither measures nor screens."""
    keys, row = Keys(), None
    for row in registry.load(FORMATS, benchmark.format).read(folder, benchmark):
        row = keys.seen(row.key, row.origin) or row
        if isinstance(row, Broken):
            raise SourceError(f"{folder}/{row.origin}", f"{row.code}: {row.reason}; a benchmark must be complete",
                              "fetch the original again, or fix the row")
        yield BenchmarkItem(id=f"{name},{row.key}", benchmark=name, question=row.question, context=row.context,
                            options=row.options, key=row.letter, reference=row.reference, subject=row.subject)
    if row is None:
        raise SourceError(str(folder), "holds no item; expected at least 1", f"correct benchmarks.{name}.location")
