"""The input file of one batch: filled within the provider's limits, and read back when its replies arrive."""

import json
import os
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ultramed.inference.ask.costs import most
from ultramed.ledger.requests import canonical
from ultramed.params import BatchSettings, Price


class BatchFile:
    """Lines for one batch. A file takes at least one line, however long."""

    def __init__(self, path: Path, settings: BatchSettings) -> None:
        self.path, self.uid, self._settings = path, path.stem, settings
        self.keys: list[str] = []  # of the requests, one per line
        self.lines: list[bytes] = []
        self.most: list[int] = []  # upper bound on each line's cost, in billionths of a USD
        self._size = 0

    def takes(self, line: bytes) -> bool:
        """Whether another line fits."""
        fits = self._size + len(line) <= self._settings.max_bytes and len(self.lines) < self._settings.max_requests
        return fits or not self.lines

    def add(self, key: str, line: bytes, most: int) -> None:
        self.keys.append(key)
        self.lines.append(line)
        self.most.append(most)
        self._size += len(line)

    def drop(self, keys: Container[str]) -> None:
        """Take out the lines of some requests."""
        kept = [n for n, key in enumerate(self.keys) if key not in keys]
        self.keys, self.lines = [self.keys[n] for n in kept], [self.lines[n] for n in kept]
        self.most = [self.most[n] for n in kept]

    def write(self, count: int) -> None:
        """Write the first lines."""
        write_whole(self.path, self.lines[:count])


def write_whole(path: Path, lines: Iterable[bytes]) -> None:
    """Write a file that is whole or not there: a cut one would lose what its lines bought."""
    partial = path.with_name(f".{path.name}.partial")
    with open(partial, "wb") as file:
        file.writelines(lines)
    os.replace(partial, path)


@dataclass(frozen=True)
class BatchRequest:
    """A line of a batch."""

    key: str
    turns: str  # its messages, as canonical JSON
    size: int  # bytes of the line
    max_tokens: int  # of the reply, whatever the provider calls them

    def most(self, price: Price, overrun: int) -> int:
        """The most it can cost, in billionths of a USD: see `costs.most`."""
        return most(price, self.size, self.max_tokens, overrun)


class BatchInput:
    """The requests of a submitted batch by key, read from its file one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offsets = dict(self._scan())

    def get(self, key: Any) -> BatchRequest | None:
        """The request of a key; None for one that was not asked."""
        if not isinstance(key, str) or key not in self._offsets:
            return None
        with open(self._path, "rb") as file:
            file.seek(self._offsets[key])
            return _request(file.readline())

    def most(self, price: Price, overrun: int) -> int:
        """The most that any of them can cost, in billionths of a USD."""
        with open(self._path, "rb") as file:
            return max((_request(line).most(price, overrun) for line in file if line.strip()), default=0)

    def _scan(self) -> Iterator[tuple[str, int]]:
        offset = 0
        with open(self._path, "rb") as file:
            for line in file:
                if line.strip():
                    yield _request(line).key, offset
                offset += len(line)


def _request(line: bytes) -> BatchRequest:
    content = json.loads(line)
    body = content["body"]
    limits = [value for name, value in body.items() if name.endswith("tokens") and type(value) is int]
    return BatchRequest(content["custom_id"], canonical(body["messages"]), len(line), max(limits, default=0))
