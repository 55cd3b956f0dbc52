"""Rows as the readers parsed them; each part holds one source."""

from ultramed.artifacts import COLLECTED
from ultramed.gates.rules import Rule, between, holds, one_of
from ultramed.gates.store import Store
from ultramed.gates.suites import _instructions


def facts(store: Store) -> dict[str, str]:
    return {"rows": f"select *, source = part as in_own_part from ({_instructions.facts(store, COLLECTED)})"}


def rules(store: Store) -> list[Rule]:
    return [
        *_instructions.rules(store.params.sources),
        holds("rows", "in_own_part", "each row is in its source's folder"),
        between("rows", "words", 1, None, "the question has words"),
        one_of("rows", "round", (0,), "raw rows were never evolved"),
    ]
