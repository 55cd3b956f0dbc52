"""Retained rows, with their score and its distance from the source's threshold."""

from ultramed import synthetic
from ultramed.artifacts import CURATED, SCORED, UNCURATED
from ultramed.gates.rules import Rule, between, present
from ultramed.gates.store import Store, text
from ultramed.gates.suites import _instructions

TELLING = 100  # rows from which the share of a letter says anything
EVEN = 0.02  # by which a letter's share may always differ from an even one


def facts(store: Store) -> dict[str, str]:
    thresholds = store.lookup("thresholds", dict(store.params.curate.min_score), "double")
    return {"rows": f"""
        select r.*, s.score, s.score - t.value as over_threshold
        from ({_instructions.screened_facts(store, CURATED)}) r
        left join (select id, max(score) as score from {store.view(SCORED)} group by id) s using (id)
        left join {thresholds} t on r.source = t.name""",
        "orders": _orders(store), "letters": _letters(store), "answers": _answers(store)}


def _orders(store: Store) -> str:
    """Sources with an order: rows there are beyond it."""
    keep = store.lookup("orders", dict(store.params.curate.keep), "double")
    numbers = store.lookup("counted", {n: isinstance(v, int) for n, v in store.params.curate.keep.items()}, "boolean")
    handed = " union all ".join(f"select source from {store.view(a)}" for a in UNCURATED)
    return f"""
        select k.name as id, count(c.id) - case when n.value then k.value
            else round(k.value * (select count(*) from ({handed}) h where h.source = k.name)) end as beyond
        from {keep} k join {numbers} n using (name) left join {store.view(CURATED)} c on c.source = k.name
        group by k.name, k.value, n.value"""


def _letters(store: Store) -> str:
    """Sources written here: by how much the commonest letter's share exceeds an even one, less what chance explains:
    3.5 standard deviations, and EVEN at least. Null for fewer rows than say anything."""
    written = ", ".join(text(s.source) for s in synthetic.SOURCES.values() if s.keyed)
    return f"""
        with tally as (select source, key, len(options) as n, count(*) as rows from {store.view(CURATED)}
            where source in ({written}) group by all),
        shares as (select source, n, max(rows) / sum(rows) as most, sum(rows) as rows from tally group by source, n)
        select source || ' ' || n as id,
            case when rows >= {TELLING} then most - 1 / n - greatest({EVEN}, 3.5 * sqrt(1 / n * (1 - 1 / n) / rows)) end
                as uneven from shares"""


def _answers(store: Store) -> str:
    """Sources with a limit to one answer: rows of the commonest answer beyond it."""
    limits = store.lookup("answer_limits", dict(store.params.curate.answer_share), "double")
    right = "list_filter(options, lambda o: o.letter = key)[1].text"
    return f"""
        with tally as (select source, lower(bare({right})) as answer, count(*) as rows from {store.view(CURATED)}
            where key is not null group by all)
        select l.name as id, coalesce(max(t.rows) - any_value(l.value) * sum(t.rows), 0) as beyond
        from {limits} l left join tally t on t.source = l.name group by l.name"""


def rules(store: Store) -> list[Rule]:
    return [
        *_instructions.rules(store.params.prefixes),
        between("rows", "words", 1, store.params.screen.max_words, "questions are no longer than screen.max_words"),
        *_instructions.screened_rules(),
        present("rows", "score", "every row has a score"),
        present("rows", "over_threshold", "every source has a threshold in curate.min_score"),
        between("rows", "over_threshold", 0, None, "scores reach their source's threshold"),
        between("orders", "beyond", None, 0, "no source has more rows than curate.keep orders"),
        between("letters", "uneven", None, 0, "letters of the right options of written items are even"),
        between("answers", "beyond", None, 1, "no answer has more than its curate.answer_share"),  # but for rounding
    ]
