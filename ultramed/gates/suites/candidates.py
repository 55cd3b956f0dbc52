"""Answers of the pool, one part per member; at most one per member and instruction."""

from ultramed.artifacts import CANDIDATES
from ultramed.gates.rules import Rule, holds, one_of, unique
from ultramed.gates.store import Store
from ultramed.gates.suites import _answers


def facts(store: Store) -> dict[str, str]:
    return {"rows": f"""
        select *, author = part as own_author, digest(concat_ws(chr(31), instruction_id, part)) as once_key
        from ({_answers.facts(store, CANDIDATES)})"""}


def rules(store: Store) -> list[Rule]:
    return [
        *_answers.rules(),
        holds("rows", "own_author", "each answer is in its author's folder"),
        one_of("rows", "author", tuple(store.params.candidates.authors), "answers are by the pool's members"),
        unique("rows", "once_key", "one answer per member and instruction"),
    ]
