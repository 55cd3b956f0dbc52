"""Elements of raw files, one in memory at a time: JSON lines, a JSON list, a JSON object, Parquet, CSV, TSV.

A broken element has a `Fault` as its value, and reading continues after it.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ultramed.errors import SourceError
from ultramed.sources import jsonstream
from ultramed.sources.leftovers import is_leftover

SUFFIXES = (".json", ".jsonl", ".parquet")
SEPARATORS = {".csv": ",", ".tsv": "\t"}  # of files with a header; cells are quoted as in RFC 4180
TABULAR = (*SUFFIXES, *SEPARATORS)
CELL = 1 << 26  # most characters in a cell
ABOUT = ("dataset_info.json", "dataset_infos.json", "test_ground_truth.json")  # metadata next to the rows
EXCERPT = 6  # lines shown of an element that spans several
REMEDY = "correct its location in params.yaml, then `ultramed pin` it"


@dataclass(frozen=True)
class Fault:
    """Why an element could not be read."""

    code: str
    reason: str


@dataclass(frozen=True)
class Element:
    key: str  # index over all files of the source from 0, or the name of a JSON object's member
    origin: str
    value: Any  # a dict, or a Fault
    file: str = ""  # relative to the source's folder
    unread: tuple[str, ...] = ()  # columns with content that params do not name

    @property
    def parquet(self) -> bool:
        return self._suffix == ".parquet"

    @property
    def typed(self) -> bool:
        """Whether its file distinguishes numbers from text."""
        return self._suffix not in SEPARATORS

    @property
    def _suffix(self) -> str:
        return PurePosixPath(self.file).suffix.lower()


def files(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Files under `folder` with one of the suffixes, sorted by path, without what desktops and tools leave there.

    Raises SourceError when there is none.
    """
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and not is_leftover(p.relative_to(folder)))
    chosen = [p for p in paths if p.suffix.lower() in suffixes and p.name not in ABOUT]
    if not chosen:
        names = ", ".join(p.relative_to(folder).as_posix() for p in paths[:5]) or "nothing"
        raise SourceError(str(folder), f"holds {names}; expected a file ending in {', '.join(suffixes)}", REMEDY)
    return chosen


def elements(folder: Path, keyed: bool = False, suffixes: tuple[str, ...] = SUFFIXES) -> Iterator[Element]:
    """Every element of the data files under `folder`, numbered from 0 across files.

    Raises SourceError for a file that cannot be read at all.
    """
    count = 0
    for path in files(folder, suffixes):
        for element in of_file(folder, path, count, keyed):
            yield element
            count += 1


def of_file(folder: Path, path: Path, start: int = 0, keyed: bool = False) -> Iterator[Element]:
    """The elements of one of these files, numbered from `start`."""
    name = path.relative_to(folder).as_posix()
    for count, (key, place, value) in enumerate(_contents(path, keyed), start):
        if not isinstance(value, dict | Fault):
            value = Fault("broken_json", f"a JSON {type(value).__name__} was found, an object expected")
        yield Element(str(count) if key is None else key, name + place, value, name)


def excerpt(folder: Path, origin: str) -> str:
    """The content of a raw file at an origin as readers give it (`file:line`, `file#row`, `file`): a line of JSON
    lines, the first lines of another element, a Parquet row as JSON. Empty if it no longer exists."""
    name, mark, number = re.fullmatch(r"(.*?)(?:([:#])(\d+))?", origin, re.DOTALL).groups()  # type: ignore[union-attr]
    path = folder / name
    if not path.is_file():
        return ""
    if mark == "#":
        row = next(islice(_parquet(path), int(number), None), None)
        return "" if row is None else json.dumps(row, ensure_ascii=False, default=str)
    first = int(number or 1) - 1
    with open(path, "rb") as file:
        one_a_line = isinstance(_line(file.readline()), dict)
        file.seek(0)
        lines = islice(file, first, first + (1 if one_a_line else EXCERPT))
        return b"".join(lines).decode(errors="backslashreplace").strip()


def _contents(path: Path, keyed: bool) -> Iterator[tuple[str | None, str, Any]]:
    """(member's name, place in the file, value) of each element."""
    if path.suffix.lower() == ".parquet":
        yield from ((None, f"#{n}", row) for n, row in enumerate(_parquet(path)))
    elif separator := SEPARATORS.get(path.suffix.lower()):
        yield from ((None, f":{line}", row) for line, row in _cells(path, separator))
    elif (opening := _opening(path)) == "[" or keyed:
        if opening not in "[{":
            raise SourceError(f"{path}:1", f"starts with {opening!r}, where a JSON object or list was expected", REMEDY)
        for line, key, value in jsonstream.members(path):
            broken = isinstance(value, jsonstream.Damage)
            yield key, f":{line}", Fault("broken_json", value.reason) if broken else value
    else:
        yield from ((None, f":{line}", value) for line, value in _lines(path))


def _opening(path: Path) -> str:
    """The first non-space character. Raises SourceError for a file that cannot be JSON."""
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        head = file.read(65_536)
    if not head.strip():
        raise SourceError(str(path), "is empty", REMEDY)
    first = head.lstrip()
    if first[0] != "[" and not re.search(r"^\s*\{", head, re.MULTILINE):
        line = head[: len(head) - len(first)].count("\n") + 1
        raise SourceError(f"{path}:{line}", f"is not JSON: starts with {first[:30]!a}, expected '[' or '{{'", REMEDY)
    return first[0]


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield number, _line(line)


def _line(line: bytes) -> Any:
    try:
        return json.loads(line.decode().strip())
    except UnicodeDecodeError as error:
        return Fault("bad_encoding", f"byte {error.start + 1} of the line (0x{line[error.start]:02x}) is no UTF-8")
    except (ValueError, RecursionError) as error:
        return Fault("broken_json", jsonstream.reason(error))


def _cells(path: Path, separator: str) -> Iterator[tuple[int, Any]]:
    """(line, cells by column) of each row; cells of unnamed columns are left out. Raises SourceError for a file without
    a header or with a repeated column name."""
    csv.field_size_limit(CELL)
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=separator, strict=True)
        first = _record(reader)
        header = [name.strip() for name in first] if isinstance(first, list) else []
        named = [name for name in header if name]
        if not named or len(named) != len(set(named)):
            what = f"names {', '.join(named)[:200]}, one of them twice" if named else "is empty"
            raise SourceError(f"{path}:1", f"the header {what}; expected one name per column", REMEDY)
        start = reader.line_num + 1
        while (row := _record(reader)) is not None:
            if isinstance(row, Fault):
                yield start, row
            elif row and len(row) != len(header):
                yield start, Fault("broken_row", f"{len(row)} cells found, {len(header)} columns expected")
            elif row:
                yield start, {name: cell for name, cell in zip(header, row, strict=True) if name}
            start = reader.line_num + 1


def _record(reader: Any) -> list[str] | Fault | None:
    """The next row; None at the end."""
    try:
        return next(reader, None)
    except csv.Error as error:
        return Fault("broken_row", f"is no row of cells: {error}")


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1_000):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        message = " ".join(str(error).split())
        raise SourceError(str(path), f"is not a readable Parquet file: {message}", REMEDY) from None
