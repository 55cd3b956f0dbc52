"""Retained rows, with their score and its distance from the source's threshold."""

from ultramed.artifacts import CURATED, SCORED
from ultramed.gates.rules import Rule, between, present
from ultramed.gates.store import Store
from ultramed.gates.suites import _instructions


def facts(store: Store) -> dict[str, str]:
    thresholds = store.lookup("thresholds", dict(store.params.curate.min_score), "double")
    return {"rows": f"""
        select r.*, s.score, s.score - t.value as over_threshold
        from ({_instructions.screened_facts(store, CURATED)}) r
        left join (select id, max(score) as score from {store.view(SCORED)} group by id) s using (id)
        left join {thresholds} t on r.source = t.name"""}


def rules(store: Store) -> list[Rule]:
    return [
        *_instructions.rules(store.params.prefixes),
        between("rows", "words", 1, store.params.screen.max_words, "questions are no longer than screen.max_words"),
        *_instructions.screened_rules(),
        present("rows", "score", "every row has a score"),
        present("rows", "over_threshold", "every source has a threshold in curate.min_score"),
        between("rows", "over_threshold", 0, None, "scores reach their source's threshold"),
    ]
