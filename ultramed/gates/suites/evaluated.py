"""Greedy predictions: one an item and policy; what could not be read is no letter."""

from collections.abc import Iterable

from ultramed.artifacts import EVALUATED
from ultramed.evaluation.metrics import TASKS
from ultramed.gates.rules import Rule, holds, one_of, unique
from ultramed.gates.store import Store

OUTCOMES = ("answered", "unreadable", "truncated", "refused", "empty", "rejected")


def known(task: str, benchmarks: Iterable[str]) -> bool:
    """Whether a task is a benchmark in params, or a part `<benchmark>_<part>` of one, or one of the paper's nine."""
    return task in TASKS or any(task == name or task.startswith(f"{name}_") for name in benchmarks)


def facts(store: Store) -> dict[str, str]:
    """Every policy must have answered the same items."""
    return {"rows": f"""
        with all_items as (select count(distinct item_id) as n from {store.view(EVALUATED)})
        select id, digest(id) as id_key, policy = part as own_policy, task, mode, outcome,
            (letter is not null) = (outcome = 'answered') as letter_as_told,
            count(distinct item_id) over (partition by part) = n as all_items
        from {store.view(EVALUATED)}, all_items"""}


def rules(store: Store) -> list[Rule]:
    benchmarks = store.params.benchmarks
    seen = store.rows(f"select distinct task from {store.view(EVALUATED)} order by task")
    tasks = (*benchmarks, *(row["task"] for row in seen if known(row["task"], benchmarks)))
    return [
        unique("rows", "id_key", "one prediction an item and policy"),
        holds("rows", "own_policy", "each policy's predictions lie in its own folder"),
        one_of("rows", "task", tasks, "tasks are those of the benchmarks"),
        one_of("rows", "mode", ("greedy",), "answers are greedy"),
        one_of("rows", "outcome", OUTCOMES, "outcomes are known"),
        holds("rows", "letter_as_told", "an answer has a letter, and nothing else has"),
        holds("rows", "all_items", "every policy answered the same items"),
    ]
