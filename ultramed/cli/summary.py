"""`ultramed summary`: what the last run built, what it held back and why, and what it cost."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ultramed import params
from ultramed.checks.store import Store
from ultramed.report.summary import Line, as_plain, lines, spent

TOP = 3  # reasons shown a stage


def summary(as_json: Annotated[bool, typer.Option("--json", help="For machines, complete.")] = False) -> None:
    """What the last run built, what it held back and why, and what it cost."""
    store = Store(params.load())
    found = lines(store)
    if as_json:
        print(json.dumps({"stages": as_plain(found), "total": spent(store)}, indent=1))
        return
    _show(found, store)


def _show(found: list[Line], store: Store) -> None:
    from rich.console import Console
    from rich.table import Table

    console, money = Console(), spent(store)
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, side in (("built", "left"), ("in", "right"), ("kept", "right"), ("dropped", "left"),
                       ("quarantined", "left"), ("replies", "right"), ("USD", "right")):
        table.add_column(name, justify="right" if side == "right" else "left", overflow="fold")
    for f in found:
        table.add_row(f.artifact, f"{f.handed:,}", f"{f.kept:,}", _why(f, "dropped"), _why(f, "quarantined"),
                      f"{f.requests:,}" if f.requests else "", f"{f.price_usd:.2f}" if f.requests else "")
    console.print(table)
    console.print(f"{money['requests']:,} replies used, {money['completion_tokens']:,} tokens generated, "
                  f"USD {money['price_usd']:.2f}", highlight=False)
    if (page := Path("reports/index.html")).exists():
        console.print(f"Everything in pictures: {page.resolve()}", highlight=False, soft_wrap=True)


def _why(line: Line, outcome: str) -> str:
    """`13: near_duplicate 6, leak 4, …`"""
    codes = line.reasons.get(outcome, {})
    if not codes:
        return ""
    shown = ", ".join(f"{code} {n:,}" for code, n in list(codes.items())[:TOP])
    return f"{sum(codes.values()):,}: {shown}" + (", …" if len(codes) > TOP else "")
