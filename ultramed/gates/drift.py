"""Drift: an artifact's figures compared with those last accepted. Drift warns; gates stop."""

import json
from pathlib import Path
from typing import Any

from ultramed.errors import SourceError
from ultramed.gates.balance import codes
from ultramed.gates.facts import Facts

BASELINES = Path("conf/baselines")
TOLERANCE = 0.5  # largest relative change of a figure without a warning
SHIFT = 0.25  # largest change of a label's share without a warning, unless the label is gone
DIGITS = 4
MEANS = {"words": "mean_words", "chars": "mean_chars", "score": "mean_score", "margin": "mean_margin",
         "order_agrees": "share_in_order"}


def counts(facts: Facts) -> dict[str, Any]:
    """Verdict counts of the artifact: in, kept, dropped, quarantined; rows held back by outcome and code; replies by
    outcome; and counts by part if the artifact has parts."""
    parts = {r["id"]: {"in": r["handed"], **{k: r[k] for k in ("kept", "dropped", "quarantined")}}
             for r in facts.store.rows("select * from facts_balance")}
    names = ("in", "kept", "dropped", "quarantined")
    total: dict[str, Any] = {name: sum(part[name] for part in parts.values()) for name in names}
    by_code: dict[str, dict[str, int]] = {}
    for row in facts.store.rows(codes(facts.store, facts.artifact)):
        if row["outcome"] != "kept":
            by_code.setdefault(row["outcome"], {})[row["code"]] = row["n"]
    total["by_code"] = by_code
    if facts.store.has(facts.artifact, "manifest"):
        manifest = facts.store.view(facts.artifact, "manifest")
        kinds = f"select outcome, count(*) as n from {manifest} group by outcome order by outcome"
        total["replies"] = {row["outcome"]: row["n"] for row in facts.store.rows(kinds)}
    return total if set(parts) == {""} else total | {"parts": parts}


def figures(facts: Facts, counted: dict[str, Any]) -> dict[str, Any]:
    """Rows, means, share kept and label mix of an artifact, rounded."""
    means = [f"avg({c}::double) as {name}" for c, name in MEANS.items() if c in facts.columns("rows")]
    values = facts.store.rows(f"select {', '.join(['count(*) as rows', *means])} from facts_rows")[0]
    values = {k: v if k == "rows" or v is None else round(float(v), DIGITS) for k, v in values.items()}
    if counted["in"]:
        values["share_kept"] = round(counted["kept"] / counted["in"], DIGITS)
    if facts.artifact.mix:
        values["mix"] = _mix(facts, *facts.artifact.mix)
    return values


def drift(artifact: str, scale: str, current: dict[str, Any], folder: Path) -> list[str]:
    """What moved beyond the tolerance since this scale's baseline was accepted, one sentence each; empty without a
    baseline. Raises SourceError for a damaged one."""
    before = accepted(artifact, scale, folder)
    moved = [f"{name} is {current[name]:g}, accepted {was:g} (tolerance {TOLERANCE:.0%})"
             for name, was in sorted(before.items())
             if name != "mix" and was is not None and current.get(name) is not None
             and abs(current[name] - was) > TOLERANCE * abs(was)]
    return moved + _shifted(before.get("mix", {}), current.get("mix", {}))


def accepted(artifact: str, scale: str, folder: Path) -> dict[str, Any]:
    """An artifact's figures as last accepted at this scale; empty without a baseline.

    Raises SourceError for a damaged file.
    """
    path = folder / f"{scale}.json"
    if not path.exists():
        return {}
    try:
        figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")).get(artifact, {})
    except ValueError as error:
        raise SourceError(str(path), f"is not JSON ({error})", "recreate it with `ultramed accept`") from None
    return figures


def _shifted(accepted: dict[str, float], current: dict[str, float]) -> list[str]:
    labels = sorted({*accepted, *current}) if accepted else []
    shares = [(label, current.get(label, 0.0), accepted.get(label, 0.0)) for label in labels]
    return [f"share of {label} is {now:g}, accepted {was:g} (tolerance {SHIFT:g})"
            for label, now, was in shares if abs(now - was) > SHIFT or (was and not now)]


def _mix(facts: Facts, table: str, column: str) -> dict[str, float]:
    rows = facts.store.rows(f"""select {column}::varchar as label,
        count(*) / sum(count(*)) over () as share from facts_{table} group by 1""")
    return {str(r["label"]): round(float(r["share"]), DIGITS) for r in rows}
