"""The suites of what models learn from, and of how they answer."""

from typing import get_args

from ultramed.gates.rules import Rule, between, holds, one_of, unique
from ultramed.gates.store import Store
from ultramed.params import MEDICAL
from ultramed.records import AnswerOutcome


def general(store: Store) -> list[Rule]:
    """Rows of general-domain sets that may be mixed in."""
    return [
        *_rows(store, tuple(store.params.general), ("open", "research", "recipe", "quarantine"), ("user", "assistant")),
        unique("rows", "id_key", "ids are unique"),
        holds("rows", "in_own_part", "each set lies in its own folder"),
    ]


def instructions(store: Store) -> list[Rule]:
    """Examples end with what the model shall say, and stay within their split."""
    sets = tuple(store.params.mix.instructions)
    return [*_rows(store, sets, tuple(store.params.mix.allows), ("assistant",)), *_splits()]


def preferences(store: Store) -> list[Rule]:
    """Preferences have two different answers to the same turns, and stay within their split."""
    sets = tuple(store.params.mix.preferences)
    return [*_rows(store, sets, tuple(store.params.mix.allows), ("user",)), *_answers(), *_splits()]


def sampled(store: Store) -> list[Rule]:
    """Of a policy's answers the reward model's best stands against its worst."""
    sets = (MEDICAL, *store.params.general)
    return [
        *_rows(store, sets, tuple(store.params.mix.allows), ("user",)), *_answers(),
        holds("rows", "best_first", "the chosen answer has the higher reward"),
    ]


def evaluated(store: Store) -> list[Rule]:
    """One prediction an item and policy; what could not be read is no letter."""
    return [
        unique("rows", "id_key", "one prediction an item and policy"),
        holds("rows", "own_policy", "each policy's predictions lie in its own folder"),
        holds("rows", "own_task", "each task is of its item's benchmark, one of the params"),
        one_of("rows", "mode", ("greedy",), "answers are greedy"),
        one_of("rows", "outcome", get_args(AnswerOutcome), "outcomes are known"),
        holds("rows", "letter_as_told", "an answer has a letter, and nothing else has"),
        holds("rows", "all_items", "every policy answered the same items"),
    ]


def _rows(store: Store, sets: tuple[str, ...], rights: tuple[str, ...], last: tuple[str, ...]) -> list[Rule]:
    return [
        one_of("rows", "source", sets, "sets are known"),
        one_of("rows", "rights", rights, "rights are among those that may be learnt from"),
        one_of("rows", "last_role", last, "the last turn is the right one's"),
        between("rows", "shortest_turn", 1, None, "no turn is empty"),
        between("rows", "chars", 1, store.params.mix.max_characters, "texts are within mix.max_characters"),
    ]


def _answers() -> list[Rule]:
    return [
        holds("rows", "texts_differ", "chosen and rejected differ"),
        between("rows", "shortest_answer", 1, None, "no answer is empty"),
    ]


def _splits() -> list[Rule]:
    return [
        holds("rows", "split_as_used", "medical rows are used as their split says"),
        between("rows", "family_uses", 1, 1, "no family is both learnt from and watched on"),
    ]
