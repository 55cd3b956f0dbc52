"""Reads records out of a damaged SQLite file, page by page, without its header, its schema or its trees.

All tables of a ledger are WITHOUT ROWID, so their rows are cells of index pages (https://sqlite.org/fileformat2.html):
`payload length, header length, one type for each column, values`. What the last page of a row does not hold follows in
a chain of overflow pages. Rows are found anywhere in the file; whether one is what was written, the caller decides.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

LEAF, INTERIOR = 10, 2  # kinds of index pages; both hold rows
_MAGIC = b"SQLite format 3\x00"
_USUAL_PAGE = 4096  # of every ledger that this code creates
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)  # bytes of a value by its type; from 12 on blobs and texts
Value = str | int | float | None


class Carver:
    """The pages of a database file, with those of its write-ahead log in place of older ones."""

    def __init__(self, path: Path) -> None:
        self._file = path.read_bytes() if path.stat().st_size == 0 else _mapped(path)
        self.page_size = _page_size(self._file)
        log = path.with_name(f"{path.name}-wal")
        self._log: bytes | mmap.mmap = _mapped(log) if log.is_file() and log.stat().st_size > 32 else b""
        self._newer = dict(self._logged())

    def rows(self) -> Iterator[tuple[Value, ...]]:
        """Every record that can be read, in the order of the pages."""
        for number in sorted({*range(1, len(self._file) // self.page_size + 1), *self._newer}):
            page = self._page(number)
            if page[:1] in (bytes([LEAF]), bytes([INTERIOR])):
                yield from self._cells(page)

    def _logged(self) -> Iterator[tuple[int, int]]:
        """(page number, offset in the log) of the frames of the log's current round, from first to last."""
        frame = 24 + self.page_size
        for start in range(32, len(self._log) - frame + 1, frame):
            if self._log[start + 8 : start + 16] == self._log[16:24]:
                yield int.from_bytes(self._log[start : start + 4], "big"), start + 24

    def _page(self, number: int) -> bytes:
        if number in self._newer:
            return self._log[self._newer[number] : self._newer[number] + self.page_size]
        return self._file[(number - 1) * self.page_size : number * self.page_size]

    def _cells(self, page: bytes) -> Iterator[tuple[Value, ...]]:
        pointers, child = (8, 0) if page[0] == LEAF else (12, 4)
        count = int.from_bytes(page[3:5], "big")
        for at in range(pointers, min(pointers + 2 * count, len(page) - 1), 2):
            try:
                row = self._record(page, int.from_bytes(page[at : at + 2], "big") + child)
            except (IndexError, ValueError, struct.error):
                continue  # damaged, or not a record at all
            yield row

    def _record(self, page: bytes, at: int) -> tuple[Value, ...]:
        length, at = _varint(page, at)
        size, first = _varint(page, at)
        kinds = []
        while first < at + size:
            kind, first = _varint(page, first)
            kinds.append(kind)
        sizes = [_SIZES[kind] if kind < 12 else (kind - 12) // 2 for kind in kinds]
        if size + sum(sizes) != length:
            raise ValueError("the lengths do not add up")
        payload, values, start = self._payload(page, at, length), [], size
        for kind, width in zip(kinds, sizes, strict=True):
            values.append(_value(kind, payload[start : start + width]))
            start += width
        return tuple(values)

    def _payload(self, page: bytes, at: int, length: int) -> bytes:
        local = _local(length, self.page_size)
        parts, left = [page[at : at + local]], length - local
        following = int.from_bytes(page[at + local : at + local + 4], "big") if left else 0
        seen: set[int] = set()
        while left > 0:
            if following in seen or len(overflow := self._page(following) if following else b"") < self.page_size:
                raise ValueError("the chain of overflow pages is broken")
            seen.add(following)
            parts.append(overflow[4 : 4 + left])
            left -= self.page_size - 4
            following = int.from_bytes(overflow[:4], "big")
        return b"".join(parts)


def _mapped(path: Path) -> mmap.mmap:
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _page_size(file: bytes | mmap.mmap) -> int:
    size = int.from_bytes(file[16:18], "big") if file[:16] == _MAGIC else 0
    size = 65536 if size == 1 else size
    return size if size >= 512 and size & (size - 1) == 0 else _USUAL_PAGE


def _local(length: int, page_size: int) -> int:
    """Bytes of a record that its own page holds."""
    most, least = (page_size - 12) * 64 // 255 - 23, (page_size - 12) * 32 // 255 - 23
    if length <= most:
        return length
    fitting = least + (length - least) % (page_size - 4)
    return fitting if fitting <= most else least


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """A number of 1 to 9 bytes, and where the next one starts."""
    value = 0
    for place in range(at, at + 8):
        value = value << 7 | page[place] & 0x7F
        if page[place] < 0x80:
            return value, place + 1
    return value << 8 | page[at + 8], at + 9


def _value(kind: int, raw: bytes) -> Value:
    if kind >= 12:
        return raw.decode("utf-8")
    if kind == 7:
        return float(struct.unpack(">d", raw)[0])
    if kind in (0, 8, 9):
        return {0: None, 8: 0, 9: 1}[kind]
    return int.from_bytes(raw, "big", signed=True)
