"""Rows that may leave the machine."""

from ultramed.artifacts import SCREENED
from ultramed.gates.rules import Rule, between
from ultramed.gates.store import Store
from ultramed.gates.suites import _instructions


def facts(store: Store) -> dict[str, str]:
    return {"rows": _instructions.screened_facts(store, SCREENED)}


def rules(store: Store) -> list[Rule]:
    screen = store.params.screen
    return [
        *_instructions.rules(store.params.sources),
        between("rows", "words", screen.min_words, screen.max_words, "questions have screen.min_words to max_words"),
        *_instructions.screened_rules(),
    ]
