"""Formatting a plan for people and machines: short numbers, totals, plain data."""

from dataclasses import asdict
from typing import Any

from ultramed.ledger.prices import cents
from ultramed.planning.plan import Asking, Plan
from ultramed.planning.ranges import Range, total
from ultramed.planning.training import Run

UNITS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K"))


def short(value: float) -> str:
    """1234 → 1,234; 12,345 → 12.3K; three digits and a unit (K, M, B, T) from 10,000 on."""
    if value < 9_999.5:
        return f"{value:,.0f}"
    size, unit = next((size, unit) for size, unit in UNITS if value >= 0.9995 * size)
    return f"{value / size:.{2 if value < 9.995 * size else 1 if value < 99.95 * size else 0}f}{unit}"


def hours(value: float) -> str:
    """Hours, or minutes below one hour."""
    return f"{value:,.0f} h" if value >= 9.95 else f"{value:.1f} h" if value >= 0.995 else f"{value * 60:.1f} m"


def gigabytes(value: float) -> str:
    size = value / 1e9
    return f"{size / 1e3:.1f} TB" if size >= 999.5 else f"{size:.0f} GB" if size >= 9.95 else f"{size:.1f} GB"


def span(value: Range, form: Any = short) -> str:
    """Low–high; empty if both read the same."""
    return "" if form(value.low) == form(value.high) else f"{form(value.low)}–{form(value.high)}"


def usd(line: Asking) -> str:
    """Expected cost; empty for a local model, and "unknown", not 0, without a price."""
    if line.unpriced:
        return "unknown"
    if line.price_usd is None:
        return ""
    cost = line.price_usd.expected
    return f"{cost:,.0f}" if cost >= 9.995 else f"{cost:.2f}"


def unpriced(plan: Plan) -> list[str]:
    """Stages that ask a remote model whose price is unknown."""
    return [a.stage for a in plan.asking if a.unpriced]


def money(plan: Plan) -> str:
    """Cost of the remote models; an unknown price does not count as 0."""
    known, missing = [a.price_usd for a in plan.asking if a.price_usd is not None], unpriced(plan)
    if not known and not missing:
        return "no remote model"
    cost = total(known)
    said = f"USD {cost.expected:,.2f} ({cost.low:,.2f}–{cost.high:,.2f})" if known else ""
    return said + ("; and " * bool(said and missing)) + (f"price unknown: {', '.join(missing)}" if missing else "")


def limits(plan: Plan) -> list[str]:
    """A line for each spending limit; it begins with `!` if the plan may exceed the limit."""
    return [
        f"{'! ' * limit.too_low}{limit.place} is USD {cents(limit.usd)}: {cents(limit.spent_usd)} spent or reserved, "
        f"{cents(max(0.0, limit.usd - limit.spent_usd))} left, {cents(limit.planned_usd.expected)} planned "
        f"({cents(limit.planned_usd.high)} at most)" for limit in plan.budget]


def ordered(plan: Plan) -> str:
    """One line on the orders that can be met; empty without orders."""
    met = sum(not order.short for order in plan.orders)
    return f"Orders: {met} of {len(plan.orders)} can be met as expected" if plan.orders else ""


def unanswered(plan: Plan) -> str:
    """Stages that are up to date but have requests without a reply; empty if there are none."""
    stages = ", ".join(f"{a.stage} ({short(a.unanswered)})" for a in plan.asking if a.unanswered)
    again = "`dvc repro --force --single-item STAGE` would ask them again"
    return stages and f"Up to date, with requests that have no reply here: {stages}; {again}"


def sums(plan: Plan) -> dict[str, Any]:
    """Totals over all stages. Memory is that of the largest stage, because stages run one after another."""
    spent = [a.price_usd for a in plan.asking if a.price_usd is not None]
    lines: list[Asking | Run] = [*plan.asking, *plan.training, *plan.reading]
    return {
        "known": sum(a.known for a in plan.asking),
        "calls": total(a.calls for a in plan.asking),
        "prompt_tokens": total(a.prompt_tokens for a in plan.asking),
        "generated_tokens": total(a.generated_tokens for a in plan.asking),
        "price_usd": total(spent) if spent else None,
        "price_unknown": unpriced(plan),
        "steps": total(r.steps for r in plan.training),
        "training_tokens": total(r.tokens for r in plan.training),
        "hours": total(line.hours for line in lines),
        "gpu_bytes": max((line.gpu for line in lines if line.gpu), default=None),
        "host_bytes": max(line.host for line in lines),
        "disk_bytes": sum(plan.disk.values()),
    }


def sentence(plan: Plan) -> str:
    """The totals in one line."""
    sum_of = sums(plan)
    calls, time = sum_of["calls"], sum_of["hours"]
    gpu = f"{gigabytes(sum_of['gpu_bytes'])} of each GPU and " if sum_of["gpu_bytes"] else ""
    return (f"Total: {short(sum_of['known'])} replies known; remaining {short(calls.expected)} calls "
            f"({span(calls) or 'exactly'}), {short(sum_of['prompt_tokens'].expected)} tokens read, "
            f"{short(sum_of['generated_tokens'].expected)} generated, {money(plan)}; "
            f"{short(sum_of['steps'].expected)} training steps; {hours(time.expected)} "
            f"({span(time, hours) or 'exactly'}); peak {gpu}{gigabytes(sum_of['host_bytes'])} of memory; "
            f"{gigabytes(sum_of['disk_bytes'])} on disk")


def too_large(line: Run | Asking, limit_gb: float) -> bool:
    """Whether a training run needs more than a GPU has, or a server's weights more than its share of its GPUs."""
    if isinstance(line, Asking):
        return line.gpu is not None and line.weights > line.gpus * line.gpu
    return line.gpu is not None and line.gpu > limit_gb * 1e9


def as_plain(plan: Plan) -> dict[str, Any]:
    """The whole plan as plain data: tokens, hours, USD and bytes, as low, expected and high if not exact."""
    asking = [{"kind": "asking", **asdict(a), "price_unknown": a.unpriced} for a in plan.asking]
    training = [{"kind": "training", **asdict(r)} for r in plan.training]
    reading = [{"kind": "reading", **asdict(r)} for r in plan.reading]
    totals = {k: asdict(v) if isinstance(v, Range) else v for k, v in sums(plan).items()}
    return {"scale": plan.scale, "stages": asking + training + reading, "disk_bytes": plan.disk, "total": totals,
            "assumptions": plan.assumed, "counted": plan.counted, "budget": [asdict(limit) for limit in plan.budget],
            "orders": [asdict(order) | {"short": order.short} for order in plan.orders]}
