"""`ultramed plan`: what remains to be asked and trained, and what that will cost, before anything runs."""

import json
from typing import Annotated

import typer

from ultramed import params
from ultramed.codekeys.keys import changed
from ultramed.errors import BudgetError
from ultramed.inference.readiness import refuse_unready
from ultramed.planning.display import (
    as_plain,
    gigabytes,
    hours,
    limits,
    ordered,
    sentence,
    short,
    span,
    too_large,
    unanswered,
    unpriced,
    usd,
)
from ultramed.planning.plan import Plan, make


def plan(
    assumptions: Annotated[bool, typer.Option("--assumptions", help="List every assumed figure.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Show what a run will still cost: calls, tokens, money, hours, memory, disk. Sends nothing, makes no artifact.

    If a stage's inputs are built, its real requests are rendered, and those that the ledger can answer are counted
    separately. The rest, marked ?, is estimated from conf/plan.yaml. Exit code 1 if a price is unknown, or the key of a
    model that will be asked is not set.
    """
    settings = params.load()
    planned, edited = make(settings), changed()
    if as_json:
        print(json.dumps(as_plain(planned) | {"code_changed": edited}, indent=1))
    else:
        _show(planned, assumptions)
        for name, modules in edited.items():
            print(f"The code of {name} has changed: {', '.join(modules)}")
        if edited:
            print("`dvc repro code` records this in quality/code; stages that depend on it then run again")
    refuse_unready(settings, (a.model for a in planned.asking if a.calls.high and not a.unpriced))
    if missing := unpriced(planned):
        models = ", ".join(sorted({a.model for a in planned.asking if a.unpriced}))
        raise BudgetError(
            ", ".join(missing), f"no price is known for {models}",
            "set price: {prompt: …, completion: …} under models.remote in USD per million tokens; 0.0 if self-hosted")


def _show(plan: Plan, assumptions: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)

    def table(first: str, *names: str) -> Table:
        made = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
        made.add_column(first, overflow="fold", min_width=10)
        for name in names:
            made.add_column(name, justify="right", no_wrap=True)
        return made

    asking = table("asks a model", "known", "calls", "low–high", "read", "written", "USD", "time", "GPUs")
    for a in plan.asking:
        known = short(a.known) if a.measured else "?"
        asking.add_row(a.stage, known, short(a.calls.expected), span(a.calls), short(a.prompt_tokens.expected),
                       short(a.generated_tokens.expected), usd(a), hours(a.hours.expected),
                       f"{a.gpus or ''}" + "!" * too_large(a, plan.gpu_gb))
    console.print(asking)
    training = table("trains", "rows", "steps", "tokens", "time", "each GPU", "memory", "disk")
    for r in plan.training:
        gpu = "" if r.gpu is None else gigabytes(r.gpu) + "!" * too_large(r, plan.gpu_gb)
        training.add_row(r.stage, short(r.rows.expected), short(r.steps.expected), short(r.tokens.expected),
                         hours(r.hours.expected), gpu, gigabytes(r.host), gigabytes(r.checkpoint))
    console.print(training)
    reading = table("a reward model reads", "dialogues", "tokens", "time", "one GPU", "memory")
    for d in plan.reading:
        reading.add_row(d.stage, short(d.rows.expected), short(d.tokens.expected), hours(d.hours.expected),
                        "" if d.gpu is None else gigabytes(d.gpu), gigabytes(d.host))
    console.print(reading)
    missing = table("ordered", "need", "have", "low–high", "short by")
    missing.add_column("because of", overflow="fold")
    for o in plan.orders:
        if o.short:
            missing.add_row(o.place, short(o.need), short(o.have.expected), span(o.have), short(o.short), o.why)
    if missing.row_count:
        console.print(missing)
    if any(too_large(a, plan.gpu_gb) for a in plan.asking) or any(too_large(r, plan.gpu_gb) for r in plan.training):
        console.print(f"! does not fit GPUs of {plan.gpu_gb:g} GB: lower batch or max_length, use LoRA or more GPUs")
    console.print("Disk: " + ", ".join(f"{name} {gigabytes(size)}" for name, size in plan.disk.items()))
    console.print(sentence(plan), soft_wrap=True, style="bold")
    for line in filter(None, [*limits(plan), ordered(plan), unanswered(plan)]):
        console.print(line, soft_wrap=True, style="bold")
    if plan.counted:
        console.print(f"Counted from: {', '.join(plan.counted)}", soft_wrap=True)
    console.print(f"Based on {len(plan.assumed)} figures from conf/plan.yaml" + (
        ":" if assumptions else "; --assumptions lists them"))
    for name, said in sorted(plan.assumed.items()) if assumptions else ():
        console.print(f"  {name}  {said}", soft_wrap=True)
