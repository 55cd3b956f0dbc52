"""Rows of general-domain sets that may be mixed in; each part holds one set."""

from ultramed.artifacts import GENERAL
from ultramed.gates.rules import Rule, holds, unique
from ultramed.gates.store import Store
from ultramed.gates.suites import _answers
from ultramed.rights import ORDER


def facts(store: Store) -> dict[str, str]:
    rows = _answers.example_facts(store.view(GENERAL), "part")
    return {"rows": f"select *, source = part as in_own_part from ({rows})"}


def rules(store: Store) -> list[Rule]:
    return [
        *_answers.example_rules(store, store.params.general, ORDER[:-1], "user", "assistant"),
        unique("rows", "id_key", "ids are unique"),
        holds("rows", "in_own_part", "each row is in its set's folder"),
    ]
