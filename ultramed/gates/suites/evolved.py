"""Rows a model rewrote: each has a parent of the same family, and a round."""

from ultramed import synthetic
from ultramed.artifacts import EVOLVED, UNCURATED
from ultramed.gates.rules import Rule, between, holds, present
from ultramed.gates.store import Store
from ultramed.gates.suites import _instructions


def facts(store: Store) -> dict[str, str]:
    """The parent and its family are looked up in the rows before curation."""
    known = " union all ".join(f"select id, family from {store.view(a)}" for a in UNCURATED)
    return {"rows": f"""
        select r.*, p.id is not null as parent_known, p.family = r.family_id as parent_family, d.growth,
            {_instructions.SOLVED}
        from ({_instructions.facts(store, EVOLVED, extra='parent, family as family_id, key,')}) r
        left join {store.view(EVOLVED, 'drafts')} d using (id)
        left join (select id, any_value(family) as family from ({known}) group by id) p on r.parent = p.id"""}


def rules(store: Store) -> list[Rule]:
    rounds = max((s.rounds for s in store.params.evolve.sets.values()), default=1)
    return [
        *_instructions.rules(synthetic.SOURCES),
        holds("rows", "synthetic", "rows are marked synthetic"),
        between("rows", "round", 1, rounds, "rounds of evolution are within evolve.sets"),
        holds("rows", "parent_known", "the parent is a known row"),
        holds("rows", "parent_family", "parent and child are of one family"),
        between("rows", "words", 1, None, "the question has words"),
        present("rows", "growth", "every row has the figures of its draft"),
        between("rows", "growth", None, store.params.evolve.growth, "questions grew by evolve.growth words at most"),
        *_instructions.solved_rules(store),
    ]
