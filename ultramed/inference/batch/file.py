"""The input file of one batch: filled within the provider's limits, and read back when its replies arrive."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ultramed.ledger.requests import canonical
from ultramed.params import BatchSettings


class BatchFile:
    """Lines for one batch. A file takes at least one line, however long."""

    def __init__(self, path: Path, settings: BatchSettings) -> None:
        self.path, self.uid, self._settings = path, path.stem, settings
        self.lines: list[bytes] = []
        self.most: list[int] = []  # upper bound on each line's cost, in billionths of a USD
        self._size = 0

    def takes(self, line: bytes) -> bool:
        """Whether another line fits."""
        fits = self._size + len(line) <= self._settings.max_bytes and len(self.lines) < self._settings.max_requests
        return fits or not self.lines

    def add(self, line: bytes, most: int) -> None:
        self.lines.append(line)
        self.most.append(most)
        self._size += len(line)

    def write(self, count: int) -> None:
        """Write the first `count` lines."""
        with open(self.path, "wb") as file:
            file.writelines(self.lines[:count])


class BatchInput:
    """The requests of a submitted batch by key, read from its file one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets = dict(self._scan())

    def turns(self, key: Any) -> str | None:
        """The messages of a request as canonical JSON; None for an unknown key."""
        if key not in self._offsets:
            return None
        with open(self._path, "rb") as file:
            file.seek(self._offsets[key])
            return canonical(json.loads(file.readline())["body"]["messages"])

    def _scan(self) -> Iterator[tuple[str, int]]:
        offset = 0
        with open(self._path, "rb") as file:
            for line in file:
                yield json.loads(line)["custom_id"], offset
                offset += len(line)
