"""Progress on stderr: a bar with count and rate in a terminal, an occasional line in a log."""

import shutil
import sys
import time
from types import TracebackType

from tqdm import tqdm

LINE_EVERY_S = 20.0


class Progress:
    """Counts steps of `what`. Use in a `with` block. `total` None means unknown; an earlier run did `done` of them."""

    def __init__(self, what: str, total: int | None = None, done: int = 0) -> None:
        self._what, self._total, self._done = what, total, done
        self._count, self._started, self._said = done, time.monotonic(), time.monotonic()
        self._known = 0
        wide = shutil.get_terminal_size().columns  # 80 if a terminal reports 0, which would hide tqdm
        self._bar = tqdm(total=total, desc=what, unit="", ncols=wide, initial=done) if sys.stderr.isatty() else None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()
        elif self._count and kind is None:
            self._say()

    def step(self, by: int = 1, known: bool = False) -> None:
        """`known` counts the step as answered from the ledger."""
        self._count += by
        self._known += by if known else 0
        if self._bar is not None:
            self._bar.set_postfix_str(self._source(), refresh=False)
            self._bar.update(by)
        elif time.monotonic() - self._said > LINE_EVERY_S:
            self._say()

    def _say(self) -> None:
        self._said = time.monotonic()
        rate = (self._count - self._done) / max(self._said - self._started, 1e-9)
        of = f" of {self._total}" if self._total is not None else ""
        print(f"  {self._what}: {self._count}{of}, {rate:.1f}/s{self._source(', ')}", file=sys.stderr, flush=True)

    def _source(self, before: str = "") -> str:
        return f"{before}{self._known} from the ledger" if self._known else ""
