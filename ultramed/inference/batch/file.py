"""The file of one batch, as it is filled: within the provider's limits, with what each line may cost."""

from pathlib import Path

from ultramed.params import Batch


class File:
    """Lines on their way into one batch, within the provider's limits."""

    def __init__(self, path: Path, settings: Batch) -> None:
        self.path, self.uid, self._settings = path, path.stem, settings
        self.lines: list[bytes] = []
        self.most: list[int] = []  # that each may cost, in billionths of a USD
        self._size = 0

    def takes(self, line: bytes) -> bool:
        """Whether another line fits in."""
        fits = self._size + len(line) <= self._settings.max_bytes and len(self.lines) < self._settings.max_requests
        return fits or not self.lines

    def add(self, line: bytes, most: int) -> None:
        self.lines.append(line)
        self.most.append(most)
        self._size += len(line)

    def write(self, count: int) -> None:
        with open(self.path, "wb") as file:
            file.writelines(self.lines[:count])
