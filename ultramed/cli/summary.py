"""`ultramed summary`: what the last run built, what it held back and why, and what it cost."""

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ultramed import artifacts, params
from ultramed.evaluation.metrics import Mean
from ultramed.gates.store import Store
from ultramed.graph.outdated import Outdated
from ultramed.ledger.prices import cents
from ultramed.report import models
from ultramed.report.summary import Line, as_plain, drifted, lines, spent

if TYPE_CHECKING:
    from rich.console import Console

TOP = 3  # reasons shown per artifact


def summary(as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False) -> None:
    """Show what the last run built, what it held back and why, and what it cost."""
    store = Store(params.load())
    summaries = lines(store)
    old = Outdated(store.params, store.base)
    if as_json:
        stale = [s.artifact for s in summaries if store.path(artifacts.ARTIFACTS[s.artifact]) in old]
        told = {"stages": as_plain(summaries), "total": spent(store), "out_of_date": stale, "drift": drifted(store),
                "models": models.as_plain(store), "evaluation": spent(store, artifacts.of_chapter("results"))}
        print(json.dumps(told, indent=1))
        return
    _show(summaries, store, old)


def _show(summaries: list[Line], store: Store, old: Outdated) -> None:
    from rich.console import Console
    from rich.table import Table

    console, money = Console(highlight=False), spent(store)
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("built", "in", "kept", "dropped", "quarantined", "replies", "USD"):
        table.add_column(name, justify="left" if name == "built" else "right", no_wrap=True)
    table.add_column("why", overflow="fold")
    for s in summaries:
        removed = [f"{n:,}" if n else "" for n in (s.dropped, s.quarantined)]
        paid = [f"{s.requests:,}", cents(s.price_usd)] if s.requests else ["", ""]
        name = s.artifact + _star(store.path(artifacts.ARTIFACTS[s.artifact]), old)
        table.add_row(name, f"{s.handed:,}", f"{s.kept:,}", *removed, *paid, _why(s))
    console.print(table)
    _show_models(console, store, old)
    page = store.base / "reports/index.html"
    for artifact, moved in drifted(store).items():
        console.print(*(f"drift in {artifact}: {line}" for line in moved), sep="\n", soft_wrap=True, markup=False)
    if old:
        console.print("* out of date: params, code or inputs have changed; `dvc repro` updates it")
    console.print(f"{money['requests']:,} replies used for the data, {money['completion_tokens']:,} tokens generated, "
                  f"USD {cents(money['price_usd'])}; all reasons: `ultramed summary --json`", soft_wrap=True)
    if page.exists():
        console.print(f"Full report{_star(page, old)}: {page.resolve()}", soft_wrap=True)


def _show_models(console: "Console", store: Store, old: Outdated) -> None:
    """Accuracy of policies and reward models, if any were evaluated."""
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("model", "answers", "mean of tasks", "95 %", "readable"):
        table.add_column(name, justify="left" if name in ("model", "answers") else "right", no_wrap=True)
    for r in models.results(store):
        total = sum(r.outcomes.values())
        artifact = artifacts.EVALUATED if r.mode == "greedy" else artifacts.ENSEMBLES
        table.add_row(r.policy + _star(artifact / r.policy, old), r.mode, *_mean(r.mean),
                      f"{r.outcomes.get('answered', 0)} of {total}")
    for k in models.rankings(store):
        right, pairs = (sum(getattr(a, side) for a in k.labels.values()) for side in ("right", "total"))
        table.add_row(k.model + _star(artifacts.REWARDBENCH / k.model, old), "ranks pairs", *_mean(k.mean),
                      f"{right} of {pairs}" + ("" if k.reviewed else ", unreviewed"))
    if table.rows:
        console.print()
        console.print(table)
        console.print()


def _star(path: Path, old: Outdated) -> str:
    return "*" * (path in old)


def _mean(mean: Mean) -> tuple[str, str]:
    return f"{mean.share:.1%}", f"{mean.low:.0%} to {mean.high:.0%}"


def _why(line: Line) -> str:
    """The most frequent reasons for dropping or quarantining, one per line."""
    codes: Counter[str] = Counter()
    for counts in line.reasons.values():
        codes.update(counts)
    return "\n".join([f"{code} {n:,}" for code, n in codes.most_common(TOP)] + ["…"] * (len(codes) > TOP))
