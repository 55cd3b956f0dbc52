"""On-policy pairs: the reward model's best against its worst among a policy's answers."""

from ultramed.artifacts import SAMPLED
from ultramed.gates.rules import Rule, holds
from ultramed.gates.store import Store
from ultramed.gates.suites import _answers
from ultramed.params import MEDICAL


def facts(store: Store) -> dict[str, str]:
    """Pairs with the rewards of their two answers."""
    rows = _answers.example_facts(f"(select *, part as round from {store.view(SAMPLED)})", "round")
    drawn = store.view(SAMPLED, "samples")
    samples = f"select part, id, any_value(reward) as reward from {drawn} group by part, id"
    return {"rows": f"""
        with pairs as (select *, split_part(id, '#', 1) as asked, split_part(split_part(id, '#', 2), '>', 1) as best,
            split_part(id, '>', 2) as worst from ({rows}))
        select p.* exclude (asked, best, worst), coalesce(c.reward > r.reward, false) as best_first
        from pairs p left join ({samples}) c on c.part = p.round and c.id = p.asked || '@' || p.best
        left join ({samples}) r on r.part = p.round and r.id = p.asked || '@' || p.worst"""}


def rules(store: Store) -> list[Rule]:
    return [
        *_answers.example_rules(store, (MEDICAL, *store.params.general), store.params.mix.allows, "user"),
        *_answers.preference_rules(),
        holds("rows", "best_first", "the chosen answer has the higher reward"),
    ]
