"""Rows as the readers parsed them; each part holds one source."""

from ultramed.artifacts import COLLECTED
from ultramed.gates.drift import BASELINES, accepted
from ultramed.gates.rules import Rule, between, holds, one_of
from ultramed.gates.store import Store, text
from ultramed.gates.suites import _instructions


def facts(store: Store) -> dict[str, str]:
    return {
        "rows": f"select *, source = part as in_own_part from ({_instructions.facts(store, COLLECTED)})",
        "sources": _sources(store),
    }


def rules(store: Store) -> list[Rule]:
    check = store.params.checks.get(COLLECTED.name)
    least = check.least_of_accepted if check else 0.0
    return [
        *_instructions.rules(store.params.sources),
        between("sources", "rows", 1, None, "every source hands over at least one row"),
        between("sources", "of_accepted", least, None, "no source has lost rows since its figures were accepted, as "
                "checks.collected.least_of_accepted allows"),
        holds("rows", "in_own_part", "each row is in its source's folder"),
        between("rows", "words", 1, None, "the question has words"),
        one_of("rows", "round", (0,), "raw rows were never evolved"),
    ]


def _sources(store: Store) -> str:
    """SQL of one row per source: how many rows it hands over, and what share that is of those it had when figures
    were last accepted (of its limit, where that is less); null where none were."""
    baseline = accepted(COLLECTED.name, store.params.scale, store.base / BASELINES)
    expected = {}
    for name, share in baseline.get("mix", {}).items():
        limit = store.params.sources[name].limit if name in store.params.sources else None
        expected[name] = min(share * baseline["rows"], limit or float("inf"))
    known = store.lookup("accepted_rows", expected, "double")
    parts = ", ".join(f"({text(part)})" for part in store.parts(COLLECTED))
    return f"""
        select p.part as id, count(r.id) as rows, round(count(r.id) / nullif(any_value(k.value), 0), 2) as of_accepted
        from (values {parts}) p(part) left join {store.view(COLLECTED)} r on r.part = p.part
        left join {known} k on k.name = p.part group by p.part order by id"""
