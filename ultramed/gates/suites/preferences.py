"""Preference mixtures: two different answers to the same turns, within the split of their pair."""

from ultramed.artifacts import PAIRED, PREFERENCES
from ultramed.gates.rules import Rule
from ultramed.gates.store import Store
from ultramed.gates.suites import _answers


def facts(store: Store) -> dict[str, str]:
    assigned = f"select distinct id, split from {store.view(PAIRED)}"
    return {"rows": _answers.mixed_facts(store, PREFERENCES, assigned)}


def rules(store: Store) -> list[Rule]:
    mix = store.params.mix
    sets = {part for amounts in mix.preferences.values() for part in amounts}
    return [*_answers.example_rules(store, sorted(sets), mix.allows, "user"), *_answers.preference_rules(),
            *_answers.split_rules()]
