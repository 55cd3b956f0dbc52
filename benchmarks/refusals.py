"""How well refusals are recognised. Usage: python -m benchmarks.refusals [FILE …]

Files are JSON lines of {"text", "refusal", "kind"}; without any, the two labelled lists of the tests: the one that the
rule was written with, and one that was written before the rule.
"""

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ultramed.inference.ask.refusals import is_refusal

LISTS = [Path("tests/data/refusals.jsonl"), Path("tests/data/refusals_held_out.jsonl")]


@dataclass
class Counts:
    """Right and wrong verdicts on labelled replies."""

    hits: int = 0
    false_alarms: int = 0
    misses: int = 0
    rightly_kept: int = 0

    def add(self, refusal: bool, recognised: bool) -> None:
        self.hits += refusal and recognised
        self.false_alarms += recognised and not refusal
        self.misses += refusal and not recognised
        self.rightly_kept += not refusal and not recognised

    @property
    def precision(self) -> float | None:
        """Share of the replies called refusals that are some; None if none was called one."""
        called = self.hits + self.false_alarms
        return self.hits / called if called else None

    @property
    def recall(self) -> float | None:
        """Share of the refusals that are recognised; None if the list has none."""
        refusals = self.hits + self.misses
        return self.hits / refusals if refusals else None


def measure(path: Path) -> tuple[dict[str, Counts], list[str]]:
    """Counts by kind, with those of the whole list under "all", and the replies that are judged wrongly."""
    counts: dict[str, Counts] = defaultdict(Counts)
    wrong = []
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        recognised = is_refusal(row["text"])
        for kind in (row["kind"], "all"):
            counts[kind].add(row["refusal"], recognised)
        if recognised != row["refusal"]:
            wrong.append(f"{'false alarm' if recognised else 'miss'} ({row['kind']}): {row['text']!r}")
    return counts, wrong


def table(title: str, counts: dict[str, Counts]) -> Table:
    shown = Table("kind", "refusals", "others", "precision", "recall", title=title)
    for kind, count in counts.items():
        shown.add_row(kind, str(count.hits + count.misses), str(count.false_alarms + count.rightly_kept),
                      *("–" if value is None else f"{value:.3f}" for value in (count.precision, count.recall)))
    return shown


def main() -> None:
    console = Console(soft_wrap=True)
    for path in map(Path, sys.argv[1:]) if sys.argv[1:] else LISTS:
        counts, wrong = measure(path)
        total = counts.pop("all")
        console.print(table(path.name, {**counts, "all": total}))
        for line in wrong:
            console.print(line, markup=False, highlight=False)


if __name__ == "__main__":
    main()
