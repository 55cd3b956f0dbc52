"""What a measure found, and the table of all."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from benchmarks.inference.contenders import Contender


@dataclass(frozen=True)
class Row:
    number: int
    what: str
    goal: str
    ours: str
    peers: str = ""


@dataclass(frozen=True)
class Options:
    """How much is measured."""

    requests: int  # for speed
    million: bool
    curator: Contender | None


def show(rows: Iterable[Row]) -> None:
    table = Table(show_lines=True)
    for heading in ("", "what", "goal", "ours", "peers"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(str(row.number), row.what, row.goal, row.ours, row.peers)
    Console().print(table)
