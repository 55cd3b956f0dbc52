"""Instruction mixtures: examples end with an assistant turn and stay within their split."""

from ultramed.artifacts import INSTRUCTIONS, SPLIT
from ultramed.gates.rules import Rule
from ultramed.gates.store import Store
from ultramed.gates.suites import _answers


def facts(store: Store) -> dict[str, str]:
    return {"rows": _answers.mixed_facts(store, INSTRUCTIONS, f"select id, split from {store.view(SPLIT)}")}


def rules(store: Store) -> list[Rule]:
    mix = store.params.mix
    sets = {part for amounts in mix.instructions.values() for part in amounts}
    return [*_answers.example_rules(store, sorted(sets), mix.allows, "assistant"), *_answers.split_rules()]
