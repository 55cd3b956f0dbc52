"""The teacher's answers: one per instruction, matching the key if there is one."""

from ultramed.artifacts import COMPLETED
from ultramed.gates.rules import Rule, between, holds, one_of, unique
from ultramed.gates.store import Store
from ultramed.gates.suites import _answers


def facts(store: Store) -> dict[str, str]:
    return {"rows": _answers.facts(store, COMPLETED)}


def rules(store: Store) -> list[Rule]:
    settings = store.params.complete
    return [
        *_answers.rules(),
        unique("rows", "instruction_key", "one answer per instruction"),
        one_of("rows", "author", (settings.model,), "answers are by complete.model"),
        between("rows", "attempts", 1, settings.attempts, "attempts are within complete.attempts"),
        holds("rows", "matches_key", "the letter read from the answer is the key"),
        holds("rows", "has_request", "every answer names the request it came from"),
    ]
