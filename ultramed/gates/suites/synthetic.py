"""Rows a model wrote from a book or an encyclopaedia."""

from ultramed import synthetic
from ultramed.artifacts import SYNTHETIC
from ultramed.gates.rules import Rule, between, holds
from ultramed.gates.store import Store
from ultramed.gates.suites import _instructions


def facts(store: Store) -> dict[str, str]:
    return {"rows": f"""
        select r.*, d.blind, {_instructions.SOLVED} from ({_instructions.facts(store, SYNTHETIC, extra='key,')}) r
        left join {store.view(SYNTHETIC, 'drafts')} d using (id)"""}


def rules(store: Store) -> list[Rule]:
    return [
        *_instructions.rules(s.source for s in synthetic.WRITTEN.values()),
        holds("rows", "synthetic", "rows are marked synthetic"),
        between("rows", "words", 1, None, "the question has words"),
        between("rows", "blind", None, max(0, store.params.textbook.blind - 1),
                "no key was found from the options alone by all of textbook.blind"),
        *_instructions.solved_rules(store),
    ]
