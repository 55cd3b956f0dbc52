"""Reconciliation: every row handed to a stage has one verdict, and in = kept + dropped + quarantined."""

from ultramed.gates.facts_release import released
from ultramed.gates.store import Store, text

# What each stage was handed: artifact → artifacts whose rows went in. Those not named here (collected,
# synthetic, evolved, candidates) are reconciled within themselves: their input is what they judged.
HANDED = {
    "screened": ("collected",),
    "scored": ("screened", "synthetic", "evolved"),
    "curated": ("screened", "synthetic", "evolved"),
    "split": ("curated",),
    "completed": ("curated",),
    "judged": ("candidates",),
    "paired": ("judged",),
}
# Artifacts whose verdicts speak of instructions while their rows have ids of their own.
BY_INSTRUCTION = ("completed", "candidates", "judged", "paired")
MADE = {  # tables whose rows a kept verdict stands for, where it is not `rows` alone
    "paired": ("selected",), "instructions": ("rows", "dev"), "preferences": ("rows", "dev"),
}  # fmt: skip
SILENT = ("split", "evaluated")  # they hold nothing back and give no verdicts: every row they made is kept


def balance(store: Store, artifact: str) -> str:
    """SQL of one row per part: rows handed over, kept, dropped, quarantined, and what does not add up."""
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


def codes(store: Store, artifact: str) -> str:
    """SQL of the verdicts counted by outcome and code."""
    return f"""select outcome, code, count(*) as n from ({_verdicts(store, artifact)})
        group by outcome, code order by outcome, code"""


def _verdicts(store: Store, artifact: str) -> str:
    if artifact in SILENT:
        return f"select part, id, 'kept' as outcome, 'kept' as code, '' as reason from {store.view(artifact)}"
    told = "withheld" if artifact == "release" else artifact
    return f"select part, id, outcome, code, reason from {store.view(told, 'verdicts')}"


def _made(store: Store, artifact: str) -> str:
    if artifact == "release":  # other configs show rows of these two again
        shown = f"({released(store)}) where config in ('instructions', 'preference')"
        return f"select distinct part, row_id as id from {shown}"
    reads = [f"select part, {_row_id(artifact)} as id from {store.view(artifact, table)}"
             for table in MADE.get(artifact, ("rows",))]
    return f"select distinct part, id from ({' union all '.join(reads)})"


def _handed(store: Store, artifact: str) -> str:
    if artifact == "release":  # every profile decides on every curated row and every selected pair
        parts = ", ".join(f"({text(part)})" for part in store.parts("release"))
        ids = f"select id from {store.view('curated')} union select id from {store.view('paired', 'selected')}"
        return f"select part, id from (values {parts}) p(part), ({ids})"
    if artifact not in HANDED:
        return "select part, id from once"
    reads = [f"select distinct '' as part, {_row_id(a)} as id from {store.view(a)}" for a in HANDED[artifact]]
    return " union ".join(reads)


def _row_id(artifact: str) -> str:
    if artifact == "sampled":  # pairs are named after the example that was asked
        return "split_part(id, '#', 1)"
    return "instruction_id" if artifact in BY_INSTRUCTION else "id"
