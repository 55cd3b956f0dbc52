"""Rows a model wrote from a book or an encyclopaedia."""

from ultramed import synthetic
from ultramed.artifacts import SYNTHETIC
from ultramed.gates.rules import Rule, between, holds
from ultramed.gates.store import Store
from ultramed.gates.suites import _instructions


def facts(store: Store) -> dict[str, str]:
    return {"rows": _instructions.facts(store, SYNTHETIC)}


def rules(_: Store) -> list[Rule]:
    return [
        *_instructions.rules(s.source for s in synthetic.WRITTEN.values()),
        holds("rows", "synthetic", "rows are marked synthetic"),
        between("rows", "words", 1, None, "the question has words"),
    ]
