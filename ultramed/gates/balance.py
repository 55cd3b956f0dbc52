"""Reconciliation: every row handed to a stage has one verdict, and in = kept + dropped + quarantined."""

from ultramed.artifacts import Artifact
from ultramed.gates import suites
from ultramed.gates.rules import Rule, zero
from ultramed.gates.store import Store, text

BALANCED = {
    "unaccounted": "rows handed over = kept + dropped + quarantined",
    "without_verdict": "every row handed over has a verdict",
    "never_handed": "no verdict on a row that was never handed over",
    "judged_twice": "no row has two verdicts",
    "kept_without_row": "every row that was kept is there",
    "row_without_kept": "every row that is there was kept",
    "unknown_outcome": "outcomes are kept, dropped or quarantined",
    "unexplained": "every row held back has a code and a reason",
}


def balanced() -> list[Rule]:
    """The rules of the facts table `balance`, the same for every artifact."""
    return [zero("balance", column, words) for column, words in BALANCED.items()]


def balance(store: Store, artifact: Artifact) -> str:
    """SQL with one row per part: rows handed over, kept, dropped, quarantined, and any mismatch."""
    parts = ", ".join(f"({text(part)})" for part in store.parts(artifact))
    return f"""
        with verdicts as ({_verdicts(store, artifact)}),
        once as (
            select part, id, count(*) as times, bool_or(outcome = 'kept') as kept
            from verdicts group by part, id
        ),
        handed as ({_handed(store, artifact)}),
        made as ({_made(store, artifact)}),
        joined as (
            select coalesce(h.part, o.part, m.part) as part, o.times, o.kept,
                h.id is not null as was_handed, o.id is not null as was_judged, m.id is not null as was_made
            from handed h full join once o on h.part = o.part and h.id = o.id
            full join made m on m.part = coalesce(h.part, o.part) and m.id = coalesce(h.id, o.id)
        ),
        sums as (
            select part, count(*) filter (was_handed) as handed, count(*) filter (was_made) as made,
                count(*) filter (was_handed and not was_judged) as without_verdict,
                count(*) filter (was_judged and not was_handed) as never_handed,
                count(*) filter (times > 1) as judged_twice,
                count(*) filter (kept and not was_made) as kept_without_row,
                count(*) filter (was_made and not coalesce(kept, false)) as row_without_kept
            from joined group by part
        ),
        outcomes as (
            select part, count(*) filter (outcome = 'kept') as kept,
                count(*) filter (outcome = 'dropped') as dropped,
                count(*) filter (outcome = 'quarantined') as quarantined,
                count(*) filter (outcome not in ('kept', 'dropped', 'quarantined')) as unknown_outcome,
                count(*) filter (outcome <> 'kept' and (bare(reason) = ''
                    or not regexp_full_match(code, '[a-z][a-z0-9_]*'))) as unexplained
            from verdicts group by part
        )
        select p.part as id, coalesce(columns(* exclude (part)), 0),
            coalesce(handed, 0) - coalesce(kept, 0) - coalesce(dropped, 0) - coalesce(quarantined, 0)
                as unaccounted
        from (values {parts}) p(part)
        left join (select * from sums full join outcomes using (part)) using (part)
        order by id"""


def codes(store: Store, artifact: Artifact) -> str:
    """SQL that counts verdicts by outcome and code."""
    return f"""select outcome, code, count(*) as n from ({_verdicts(store, artifact)})
        group by outcome, code order by outcome, code"""


def _verdicts(store: Store, artifact: Artifact) -> str:
    if artifact.silent:
        return f"select part, id, 'kept' as outcome, 'kept' as code, '' as reason from {store.view(artifact)}"
    return f"select part, id, outcome, code, reason from {store.view(artifact.decided or artifact, 'verdicts')}"


def _made(store: Store, artifact: Artifact) -> str:
    if hasattr(suite := suites.load(artifact), "made"):
        return str(suite.made(store))
    reads = [f"select part, {artifact.row_id} as id from {store.view(artifact, table)}" for table in artifact.made]
    return f"select distinct part, id from ({' union all '.join(reads)})"


def _handed(store: Store, artifact: Artifact) -> str:
    if hasattr(suite := suites.load(artifact), "handed"):
        return str(suite.handed(store))
    reads = [f"select distinct '' as part, {a.row_id} as id from {store.view(a)}" for a in artifact.handed]
    return " union ".join(reads) or "select part, id from once"
