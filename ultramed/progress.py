"""Progress on stderr: a bar with count and rate at a terminal, a line now and then in a log."""

import sys
import time
from types import TracebackType

from tqdm import tqdm

LINE_EVERY_S = 20.0


class Progress:
    """Counts steps of `what`. Use inside `with`; `total` None means unknown."""

    def __init__(self, what: str, total: int | None = None) -> None:
        self._what, self._total = what, total
        self._count, self._started, self._said = 0, time.monotonic(), time.monotonic()
        self._bar = tqdm(total=total, desc=what, unit="", leave=True) if sys.stderr.isatty() else None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._count and kind is None:
            self._say()

    def step(self, by: int = 1) -> None:
        self._count += by
        if self._bar is not None:
            self._bar.update(by)
        elif time.monotonic() - self._said > LINE_EVERY_S:
            self._say()

    def _say(self) -> None:
        self._said = time.monotonic()
        rate = self._count / max(self._said - self._started, 1e-9)
        of = f" of {self._total}" if self._total is not None else ""
        print(f"  {self._what}: {self._count}{of}, {rate:.1f}/s", file=sys.stderr, flush=True)
