"""Greedy predictions: one per item and policy; an unreadable answer has no letter."""

from typing import get_args

from ultramed.artifacts import EVALUATED
from ultramed.gates.rules import Rule, holds, one_of, unique
from ultramed.gates.store import Store, text
from ultramed.records import AnswerOutcome


def facts(store: Store) -> dict[str, str]:
    """Every policy must have answered the same items; an item's id starts with its benchmark."""
    names = ", ".join(map(text, store.params.benchmarks)) or "null"
    return {"rows": f"""
        with all_items as (select count(distinct item_id) as n from {store.view(EVALUATED)})
        select id, digest(id) as id_key, policy = part as own_policy, task, mode, outcome,
            split_part(item_id, ',', 1) in ({names})
                and (task || '_').starts_with(split_part(item_id, ',', 1) || '_') as own_task,
            case when key is null then letter is null else (letter is not null) = (outcome = 'answered') end
                as letter_as_told,
            count(distinct item_id) over (partition by part) = n as all_items
        from {store.view(EVALUATED)}, all_items"""}


def rules(_: Store) -> list[Rule]:
    return [
        unique("rows", "id_key", "one prediction an item and policy"),
        holds("rows", "own_policy", "each prediction is in its policy's folder"),
        holds("rows", "own_task", "each task is of its item's benchmark, one of the params"),
        one_of("rows", "mode", ("greedy",), "answers are greedy"),
        one_of("rows", "outcome", get_args(AnswerOutcome), "outcomes are known"),
        holds("rows", "letter_as_told", "an answer has a letter, and nothing else has"),
        holds("rows", "all_items", "every policy answered the same items"),
    ]
