"""Rows held back at each stage and why; the teacher's results; gates; cost."""

import json
from typing import Any

from ultramed.artifacts import COMPLETED, CURATED, SPLIT
from ultramed.gates.rules import SPLITS
from ultramed.gates.store import Store
from ultramed.report.blocks import BRICK, OCHRE, Figure, Section, Table, figure, label, number, share
from ultramed.report.summary import Line, asking, lines, uses

BARS = 24  # most reasons drawn


def verdicts(store: Store) -> Section:
    """Verdicts by stage and by reason."""
    summary = lines(store)
    rows = [[f.artifact, number(f.handed), number(f.kept), number(f.dropped), number(f.quarantined),
             share(f.kept, f.handed)] for f in summary]
    table = Table(["Artifact", "In", "Kept", "Dropped", "Quarantined", "Kept share"], rows, range(1, 6),
                  "In = kept + dropped + quarantined, asserted at every stage. Dropped rows are unwanted, quarantined "
                  "ones could not be read or decided.")
    lead = ("Every row that was handed to a stage has a verdict with its reason; the command ultramed explain tells "
            "a row's story by its id.")
    return Section("verdicts", "Verdicts", lead, [table, *_bars(summary)])


def completions(store: Store) -> Section:
    """The teacher's answers against the keys, by source."""
    rows = store.rows(f"""
        select i.source, count(*) as asked, count(*) filter (v.outcome = 'kept') as accepted,
            count(*) filter (c.attempts = 1) as first, count(*) filter (v.code = 'key_mismatch') as mismatch,
            count(*) filter (v.code = 'contested') as contested,
            count(*) filter (v.outcome <> 'kept' and v.code not in ('key_mismatch', 'contested')) as other
        from {store.view(COMPLETED, 'verdicts')} v join {store.view(CURATED)} i using (id)
        left join {store.view(COMPLETED)} c on c.instruction_id = v.id
        group by i.source order by i.source""")
    keys = ("asked", "accepted", "first", "mismatch", "contested", "other")
    names = store.params.prefixes
    shown = [[names.get(r["source"], r["source"]), *(number(r[k]) for k in keys), share(r["accepted"], r["asked"])]
             for r in rows]
    return Section("completions", "Completions", "The teacher reasons, then answers; exam items count only where the "
                   "letter it settles on is the key.", [Table(
                       ["Data set", "Asked", "Accepted", "At first try", "Missed the key", "Contested", "Unusable",
                        "Share"], shown, range(1, 8),
                       "A key is contested where independent solvers agree on another letter; nobody trains on it.")])


def splits(store: Store) -> Section:
    """Rows and families by source and split."""
    rows = store.rows(f"""
        select c.source, count(*) filter (s.split = 'train') as train, count(*) filter (s.split = 'dev') as dev,
            count(*) filter (s.split = 'test') as test, count(distinct s.family) as families
        from {store.view(SPLIT)} s join {store.view(CURATED)} c using (id) group by c.source order by c.source""")
    keys, names = (*SPLITS, "families"), store.params.prefixes
    return Section("splits", "Splits", "Decided once, early, by family: a question, what evolved from it and its "
                   "near-duplicates are always together.", [Table(
                       ["Data set", *(k.capitalize() for k in keys)],
                       [[names.get(r["source"], r["source"]), *(number(r[k]) for k in keys)] for r in rows],
                       range(1, 5),
                       "Everything that is trained later (SFT, reward, preference) inherits these splits.")])


def gates(store: Store) -> Section:
    """The gates' own figures, by artifact."""
    reports = [(name, _gate(store, name)) for name in store.params.checks]
    rows = [[name, "passed" if g.get("success") else "not run", number(g.get("statistics", {}).get("evaluated")),
             *(number(g.get("counts", {}).get(k)) for k in ("in", "kept", "dropped", "quarantined")),
             "; ".join(g.get("drift", [])) or "–"] for name, g in reports]
    return Section("gates", "Quality gates", "A gate that does not hold stops the pipeline: what is shown here passed.",
                   [Table(["Artifact", "Gate", "Expectations", "In", "Kept", "Dropped", "Quarantined",
                           "Drift since accepted"], rows, range(2, 7),
                          "Drift compares with the figures last accepted for this scale; it warns and does not stop.")])


def money(store: Store) -> Section:
    """Replies, tokens and price by stage and model."""
    asked = asking(store)
    rows = store.rows(f"""
        with once as (select distinct on (artifact, part, request_key) * from ({uses(store, asked)})
            order by artifact, part, request_key)
        select artifact, part, model, count(*) as replies, sum(prompt_tokens)::bigint as prompt_tokens,
            sum(completion_tokens)::bigint as completion_tokens, histogram(outcome) as outcomes,
            sum(price_usd)::double as price from once group by all""")
    order = [a.name for a in asked]
    rows.sort(key=lambda r: (order.index(r["artifact"]), r["part"], r["model"]))
    shown = [[f"{r['artifact']} {r['part']}".strip(), r["model"], number(r["replies"]), number(r["prompt_tokens"]),
              number(r["completion_tokens"]), _unusable(r["outcomes"]), number(r["price"], 2)] for r in rows]
    return Section("money", "Tokens and money", "Prices are those of the replies used, whenever they were "
                   "bought: running again costs nothing.", [Table(
                       ["Stage", "Model", "Replies", "Prompt tokens", "Generated tokens", "Unusable", "USD"], shown,
                       range(2, 7), "Unusable replies were set aside with their reason; they never became a value.")])


def _unusable(outcomes: dict[str, int]) -> str:
    """`3 truncated, 1 unreadable`, most frequent first."""
    kinds = sorted((-n, kind) for kind, n in outcomes.items() if kind != "ok")
    return ", ".join(f"{-n} {kind}" for n, kind in kinds) or "0"


def _gate(store: Store, artifact: str) -> dict[str, Any]:
    path = store.base / "quality" / f"{artifact}.json"
    report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return report


def _bars(summary: list[Line]) -> list[Figure]:
    import plotly.graph_objects as go

    reasons = [(f"{f.artifact}: {code}", outcome, n)
               for f in summary for outcome, codes in f.reasons.items() for code, n in codes.items()]
    reasons = sorted(reasons, key=lambda r: (-r[2], r[0]))[:BARS]
    if not reasons:
        return []
    drawing = go.Figure()
    for outcome, colour in (("dropped", OCHRE), ("quarantined", BRICK)):
        own = [(name, n) for name, kind, n in reasons if kind == outcome]
        drawing.add_bar(x=[n for _, n in own], y=[label(name) for name, _ in own], orientation="h", name=outcome,
                        marker_color=colour, hovertemplate="%{y}: %{x} rows<extra></extra>")
    order = [label(name) for name, _, _ in reasons][::-1]
    return [figure(
        "verdicts", drawing, f"The {len(reasons)} most frequent reasons, over all stages.", 110 + 24 * len(reasons),
        barmode="stack", bargap=0.35, xaxis_title="rows",
        yaxis={"categoryorder": "array", "categoryarray": order})]
