"""Lists kept on disk: a million manifest lines would take a gigabyte of memory."""

import pickle
import tempfile
from collections.abc import Iterator
from typing import BinaryIO, Generic, TypeVar

from pydantic import BaseModel

T = TypeVar("T")
KEPT = 10_000  # items in memory at most


class Spool(Generic[T]):
    """Append, count, iterate any number of times. All but the last items are in an unnamed file that vanishes when
    this process ends. It only unpickles what this process pickled."""

    def __init__(self) -> None:
        self._last: list[T] = []
        self._count = self._end = 0
        self._file: BinaryIO | None = None
        self._types: list[type] = []

    def append(self, item: T) -> None:
        self._last.append(item)
        self._count += 1
        if len(self._last) >= KEPT:
            self._file = self._file or tempfile.TemporaryFile(prefix="ultramed-")  # noqa: SIM115
            self._file.seek(self._end)  # an iteration may have moved it
            _Pickler(self._file, self._types).dump(self._last)
            self._end, self._last = self._file.tell(), []

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        position = 0
        while self._file and position < self._end:
            self._file.seek(position)
            items = _Unpickler(self._file, self._types).load()
            position = self._file.tell()
            yield from items
        yield from self._last


class _Pickler(pickle.Pickler):
    """Classes created at run time, such as reply types, cannot be pickled by name: they stay in memory, numbered."""

    def __init__(self, file: BinaryIO, types: list[type]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._types = types

    def persistent_id(self, obj: object) -> int | None:
        if not (isinstance(obj, type) and issubclass(obj, BaseModel)):
            return None
        if obj not in self._types:
            self._types.append(obj)
        return self._types.index(obj)


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, types: list[type]) -> None:
        super().__init__(file)
        self._types = types

    def persistent_load(self, number: int) -> type:
        return self._types[number]
