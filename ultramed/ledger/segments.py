"""Segments: the ledger's replies in immutable files named after their content, which DVC carries to other machines."""

import heapq
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ultramed.errors import LedgerError
from ultramed.ledger.ledger import Ledger, Row, is_intact
from ultramed.sources.hashing import file_hash

ROWS = 50_000  # most replies in a segment
BATCH = 1_000
SCHEMA = pa.schema([
    *(pa.field(name, pa.string(), nullable=False) for name in
      ("key", "identity", "stage", "asked", "reply", "checksum")),
    *(pa.field(name, pa.float64(), nullable=False) for name in ("price_usd", "latency_s", "at")),
])


def pack(ledger: Ledger, folder: Path, keys: set[str] | None = None) -> list[Path]:
    """Write the replies that no segment in `folder` holds yet, except damaged ones. Returns the new segments.
    `keys`: the replies to write; None for all.

    Memory holds one segment. Raises LedgerError for a segment whose content does not match its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    recorded = ledger.read("SELECT * FROM replies ORDER BY key")
    fresh = _without((row for row in recorded if keys is None or row[0] in keys), _keys(folder))
    made = []
    while rows := list(islice(fresh, ROWS)):
        made.append(_write(folder, rows))
    return made


def unpack(ledger: Ledger, folder: Path) -> int:
    """Record the replies of all segments; those already in the ledger stay. Returns how many were new.

    Raises LedgerError for a segment whose content does not match its name.
    """
    count = 0
    for segment in _segments(folder):
        with pq.ParquetFile(segment) as file:
            for batch in file.iter_batches(BATCH):
                rows = [tuple(row.values()) for row in batch.to_pylist()]
                count += ledger.add([row for row in rows if is_intact(row[0], row[4], row[5])])
    return count


def remove(folder: Path, keys: set[str]) -> list[Path]:
    """Replace segments that hold any of these replies with segments without them. Returns the old ones."""
    changed = []
    for segment in _segments(folder):
        rows = [tuple(row.values()) for row in pq.read_table(segment).to_pylist()]
        kept = [row for row in rows if row[0] not in keys]
        if len(kept) < len(rows):
            if kept:
                _write(folder, kept)
            segment.unlink()
            changed.append(segment)
    return changed


def _write(folder: Path, rows: list[Row]) -> Path:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), SCHEMA, strict=True)]
    partial = folder / ".segment.partial"
    try:
        pq.write_table(pa.Table.from_arrays(columns, schema=SCHEMA), partial, compression="zstd")
        target = folder / f"{file_hash(partial)}.parquet"
        os.replace(partial, target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise LedgerError(str(folder), f"cannot be written: {error}", "check space and permissions there") from None
    return target


def _segments(folder: Path) -> list[Path]:
    segments = sorted(folder.glob("*.parquet"))
    for segment in segments:
        if file_hash(segment) != segment.stem:
            raise LedgerError(str(segment), "is damaged: its content does not match its name",
                              "remove it, then `dvc checkout` or `dvc pull`")
    return segments


def _keys(folder: Path) -> Iterator[str]:
    """Keys of all segments in order; each segment is sorted."""
    return heapq.merge(*map(_column, _segments(folder)))


def _column(segment: Path) -> Iterator[str]:
    with pq.ParquetFile(segment) as file:
        for batch in file.iter_batches(columns=["key"]):
            yield from batch.column(0).to_pylist()


def _without(rows: Iterable[tuple], keys: Iterator[str]) -> Iterator[tuple]:
    """Intact rows whose key is not in `keys`; both are sorted."""
    packed = next(keys, None)
    for row in rows:
        while packed is not None and packed < row[0]:
            packed = next(keys, None)
        if packed != row[0] and is_intact(row[0], row[4], row[5]):
            yield row
