"""Any plain file, by the columns named in params: {question: stem, options: choices, key: answer, subject: topic}."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ultramed.params import Benchmark, BenchmarkColumns
from ultramed.sources.columns import choices, elements, filled, key, passage
from ultramed.sources.raw import RawRow, Row, attempt, text
from ultramed.sources.rawfiles import Element

KIND = "multiple_choice"


def read(folder: Path, benchmark: Benchmark) -> Iterator[Row]:
    """The items of the files under `folder`; the key is the id, or the row's index from 0. Raises SourceError for a
    column that no row has."""
    assert benchmark.columns is not None  # params reject the format without them
    for element in elements(folder, benchmark.columns):
        yield attempt(partial(parse, benchmark.columns), element)


def parse(columns: BenchmarkColumns, element: Element) -> RawRow:
    """One item. Raises Unfit."""
    cells = element.value
    given = choices(cells, columns)
    return RawRow(element.key, element.origin, text(cells, columns.question), passage(cells, columns), options=given,
                  letter=key(cells, columns, given), reference=filled(cells, columns.answer),
                  subject=text(cells, columns.subject) if columns.subject else None)
