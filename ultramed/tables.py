"""The only reader and writer of the pipeline's tables: records in sharded zstd Parquet, written atomically.

An artifact is a folder; each table in it is a set of shards `<table>-00000-of-00003.parquet`.
"""

import dataclasses
import os
import shutil
import types
import typing
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from ultramed.errors import SourceError
from ultramed.records import Record, as_dict

R = TypeVar("R", bound=Record)
Folder = os.PathLike[str]
SHARD_ROWS = 100_000
_SCALARS = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}


def schema(kind: type[Record]) -> pa.Schema:
    """The Arrow schema of a record class; `X | None` becomes a nullable field."""
    hints = typing.get_type_hints(kind)
    return pa.schema([_field(f.name, hints[f.name]) for f in dataclasses.fields(kind)])  # type: ignore[arg-type]


def _field(name: str, hint: Any) -> pa.Field:
    if typing.get_origin(hint) is types.UnionType:
        inner = next(a for a in typing.get_args(hint) if a is not type(None))
        return pa.field(name, _type(inner), nullable=True)
    return pa.field(name, _type(hint), nullable=False)


def _type(hint: Any) -> pa.DataType:
    if typing.get_origin(hint) is typing.Literal:
        return pa.string()
    if typing.get_origin(hint) is list:
        return pa.list_(pa.field("element", _type(typing.get_args(hint)[0]), nullable=False))
    if isinstance(hint, type) and issubclass(hint, Record):
        return pa.struct(list(schema(hint)))
    return _SCALARS[hint]


@contextmanager
def artifact(folder: Folder) -> Iterator[Path]:
    """A folder to fill; it appears under its name only if the block succeeds."""
    path = Path(folder)
    partial = path.with_name(f".{path.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    old = path.with_name(f".{path.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        os.rename(path, old)  # removing it in place could be interrupted halfway
    os.rename(partial, path)
    shutil.rmtree(old, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def write(folder: Path, table: str, kind: type[R], rows: Iterable[R], shard_rows: int = SHARD_ROWS) -> int:
    """Write a table of `kind` in the given order and return the number of rows. Shards of `shard_rows` are streamed,
    so at most one is in memory."""
    rows, columns = iter(rows), schema(kind)
    written: list[Path] = []
    count = 0
    while (chunk := [as_dict(r) for r in islice(rows, shard_rows)]) or not written:
        shard = folder / f".{table}-{len(written):05d}"
        write_arrow(shard, pa.Table.from_pylist(chunk, schema=columns))
        written.append(shard)
        count += len(chunk)
        if len(chunk) < shard_rows:
            break
    for n, shard in enumerate(written):
        os.replace(shard, folder / f"{table}-{n:05d}-of-{len(written):05d}.parquet")
    return count


def write_arrow(path: Path, table: pa.Table) -> None:
    """Write one Parquet file whose bytes depend only on its content, laid out so that the Hub's deduplicating
    storage uploads only the rows that changed."""
    pq.write_table(table, path, compression="zstd", use_content_defined_chunking=True, write_page_index=True)


def shards(folder: Folder, table: str = "rows") -> list[Path]:
    """The shards of a table, in order. Raises SourceError if any or all are missing."""
    paths = sorted(Path(folder).glob(f"{table}-*-of-*.parquet"))
    if not paths or len(paths) != int(paths[0].stem.rsplit("-", 1)[1]):
        raise SourceError(
            str(folder), f"has {len(paths)} shard(s) of table '{table}', not a complete set",
            "run `dvc repro` (or `dvc pull`) to make it",
        )
    return paths


def read(folder: Folder, kind: type[R], table: str = "rows") -> Iterator[R]:
    """The records of a table in order, with one row group in memory at a time."""
    for shard in shards(folder, table):
        with pq.ParquetFile(shard) as file:
            for batch in file.iter_batches():
                yield from (from_dict(kind, row) for row in batch.to_pylist())


def count(folder: Folder, table: str = "rows") -> int:
    """Number of rows of a table, from the file footers."""
    return sum(pq.read_metadata(s).num_rows for s in shards(folder, table))


def from_dict(kind: type[R], row: dict[str, Any]) -> R:
    """A record from plain data, nested records included."""
    return kind(**{name: _nested(hint, row[name]) for name, hint in _hints(kind)})


def _nested(hint: Any, value: Any) -> Any:
    if typing.get_origin(hint) is list and (inner := typing.get_args(hint)[0]) not in _SCALARS:
        return [from_dict(inner, v) for v in value]
    return value


_HINTS: dict[type, list[tuple[str, Any]]] = {}


def _hints(kind: type) -> list[tuple[str, Any]]:
    if kind not in _HINTS:
        hints = typing.get_type_hints(kind)
        _HINTS[kind] = [(f.name, hints[f.name]) for f in dataclasses.fields(kind)]
    return _HINTS[kind]
