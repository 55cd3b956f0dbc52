"""Rows of a source's reader as benchmark items."""

from collections.abc import Iterator
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.records import BenchmarkItem
from ultramed.sources.raw import Broken, RawRow, Row


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
