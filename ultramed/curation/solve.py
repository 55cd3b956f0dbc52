"""Independent solvers of an exam item: the options are shuffled for each, the key is never shown.

Used to verify the key of an evolved item, and to find raw keys that every solver contradicts.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, create_model

from ultramed.inference.client import Client
from ultramed.ledger.requests import Request, Sampling
from ultramed.prompts import render
from ultramed.records import Instruction, Option
from ultramed.seeds import generator, seed_of

TEMPERATURE = 0.7  # solvers are samples: at 0 they would differ only by option order


def solve(client: Client, items: list[Instruction], solvers: int, seed: int, step: str) -> dict[str, list[str]]:
    """Letters (in the item's own order) that the solvers chose, by item id; unreadable replies are left out."""
    orders = {(i.id, n): _shuffled(i, n, seed) for i in items for n in range(solvers)}
    requests = (_request(i, orders[i.id, n], n, seed, step) for i in items for n in range(solvers))
    votes: dict[str, list[str]] = defaultdict(list)
    for answer in client.ask(requests, step, len(items) * solvers):
        if answer.ok:
            order = orders[answer.request.row_id, answer.request.sample]
            votes[answer.request.row_id].append(order["ABCDEFGHIJ".index(answer.value.answer)].letter)
    return votes


def winner(votes: Iterable[str]) -> tuple[str, int] | None:
    """The letter with the most votes and their number; None without votes or on a tie."""
    ranked = Counter(votes).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0]


@cache
def choice(letters: str) -> type[BaseModel]:
    """Reply type `{"answer": <one of the letters>}`."""
    fields: dict[str, Any] = {"answer": (Literal[tuple(letters)], ...)}
    return create_model("Choice", **fields)


def _shuffled(item: Instruction, number: int, seed: int) -> list[Option]:
    order = list(item.options)
    generator(seed, "solve", item.id, number).shuffle(order)
    return order


def _request(item: Instruction, order: list[Option], number: int, seed: int, step: str) -> Request:
    letters = "ABCDEFGHIJ"[: len(order)]
    shown = "\n".join(f"{letter}. {option.text}" for letter, option in zip(letters, order, strict=True))
    prompt = render("solve", question=f"{item.question}\n\n{shown}")
    sampling = Sampling(TEMPERATURE, 16, seed_of(seed, "solve", item.id, number))
    return Request(item.id, f"{step}-{number + 1}", prompt, sampling, choice(letters), number, item.rights)
