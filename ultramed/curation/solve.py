"""Independent solvers of an exam item: options are shuffled for each, the key is never shown.

They verify the keys of written items, and find raw keys that they agree against. Several models vote in turn.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import Any, Literal

from pydantic import BaseModel, create_model

from ultramed.artifacts import PANELS
from ultramed.errors import ModelError
from ultramed.exam import explained, read_letter, struck
from ultramed.inference.client import Client, connect, read_identity
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Params
from ultramed.prompts import Prompt, render
from ultramed.records import Instruction, Message, Option, Use
from ultramed.seeds import generator, seed_of

LETTERS = "ABCDEFGHIJ"
NO_OPTION = "none"
BLIND = "(The question is missing.)"


@dataclass(frozen=True)
class Votes:
    """The letters that solvers gave to one item, in the item's own order; unreadable replies are no votes."""

    letters: tuple[str, ...] = ()

    def count(self, letter: str | None) -> int:
        """Votes for a letter."""
        return self.letters.count(letter or "")

    def against(self, key: str | None) -> int:
        """Most votes for one other letter."""
        return max(Counter(v for v in self.letters if v != key).values(), default=0)

    def confirm(self, key: str | None, agree: int) -> bool:
        """Whether at least `agree` solvers found the key, and no other letter has more votes."""
        return self.count(key) >= max(agree, self.against(key))

    def tied(self, key: str | None) -> bool:
        """Whether another letter has as many votes as the key."""
        return 0 < self.count(key) == self.against(key)

    def __add__(self, more: "Votes") -> "Votes":
        return Votes(self.letters + more.letters)


class Panel:
    """The models that solve. Servers are let go before another model is asked: they may have to share a GPU."""

    def __init__(self, clients: Sequence[Client], params: Params, author: Client) -> None:
        self.clients, self.params = clients, params
        self._all = {client.name: client for client in (author, *clients)}

    def solve(
        self, items: Sequence[Instruction], solvers: int, step: str, blind: bool = False, first: int = 0
    ) -> dict[str, Votes]:
        """The votes on each item by its id. The solvers are dealt to the models in turn. `blind`: without the stem;
        `first`: number of solvers that have been asked before."""
        letters: dict[str, list[str]] = defaultdict(list)
        for place, client in enumerate(self.clients):
            numbers = [n for n in range(first, first + solvers) if n % len(self.clients) == place]
            if not numbers:
                continue
            self._release_others(client, items)
            requests = (self._request(i, n, step, blind) for i in items for n in numbers)
            what = f"{step}, {client.name}" if len(self.clients) > 1 else step
            orders = ((i, self._order(i, n)) for i in items for n in numbers)
            answers = client.ask(requests, what, len(items) * len(numbers))
            for (item, order), answer in zip(orders, answers, strict=True):
                if (letter := _voted(answer, order)) is not None:
                    letters[item.id].append(letter)
        return {i.id: Votes(tuple(letters[i.id])) for i in items}

    def read(self, items: Sequence[Instruction], reasonings: Mapping[str, str], step: str) -> dict[str, str | None]:
        """The letter that a reader reaches from each item's reasoning, its letters struck out; None for none. The items
        are dealt to the models by hash."""
        letters: dict[str, str | None] = {}
        for place, client in enumerate(self.clients):
            dealt = [i for i in items if seed_of(self.params.seed, "reader", i.id) % len(self.clients) == place]
            self._release_others(client, dealt)
            requests = (self._reading(i, reasonings[i.id], step) for i in dealt)
            for item, answer in zip(dealt, client.ask(requests, step, len(dealt)), strict=True):
                reached = answer.value.answer if answer.ok else NO_OPTION
                letters[item.id] = None if reached == NO_OPTION else reached
        return letters

    def _release_others(self, client: Client, items: Sequence[Instruction]) -> None:
        for other in self._all.values() if items else ():
            if other is not client:
                other.release()

    def _reading(self, item: Instruction, reasoning: str, step: str) -> Request:
        settings = self.params.solve
        prompt = render("read-reasoning", question=item.prompt, reasoning=struck(reasoning, item.options))
        sampling = Sampling(0.0, settings.max_tokens, seed_of(self.params.seed, "read", item.id, reasoning))
        kind = choice((*(o.letter for o in item.options), NO_OPTION))
        return Request(item.id, step, prompt, sampling, kind, rights=item.rights)

    def manifest(self) -> Iterable[Use]:
        """The replies used by the author and all solvers."""
        return chain.from_iterable(client.manifest for client in self._all.values())

    def _order(self, item: Instruction, number: int) -> list[Option]:
        """The options as a solver sees them; independent of the order in which the item has them."""
        order = sorted(item.options, key=lambda o: o.text)
        generator(self.params.seed, "solve", item.id, number).shuffle(order)
        return order

    def _request(self, item: Instruction, number: int, step: str, blind: bool) -> Request:
        settings = self.params.solve
        shown = [Option(letter, o.text) for letter, o in zip(LETTERS, self._order(item, number), strict=False)]
        stem = [Message("user", BLIND)] if blind else item.messages
        prompt = _prompt(replace(item, messages=stem, options=shown), settings.format)
        kind = {"letter": choice(LETTERS[: len(shown)]), "text": None}.get(
            settings.format, explained(len(shown), settings.max_tokens))
        sampling = Sampling.of(settings, settings.max_tokens, seed_of(self.params.seed, "solve", item.id, number))
        return Request(item.id, f"{step}-{number + 1}", prompt, sampling, kind, number, item.rights)


@contextmanager
def panel(names: Sequence[str], stage: str, params: Params, author: Client, kind: str = "verifier") -> Iterator[Panel]:
    """A panel of these models, with the identities that the stages of its kind wrote; the author's client is used again
    where it is one of them. Raises ModelError if it has changed since."""
    folder = PANELS / kind
    with ExitStack() as stack:
        clients = []
        for name in names:
            if name != author.name:
                clients.append(stack.enter_context(connect(name, stage, params, folder)))
            elif author.remote or read_identity(name, folder) == author.identity:
                clients.append(author)
            else:
                raise ModelError(str(folder / f"{name}.json"), "is of another model than the author's of that name",
                                 f"run `dvc repro {kind}`")
        yield Panel(clients, params, author)


def winner(votes: Iterable[str]) -> tuple[str, int] | None:
    """The letter with the most votes and their number; None without votes or on a tie."""
    ranked = Counter(votes).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0]


@cache
def choice(letters: Sequence[str]) -> type[BaseModel]:
    """Reply type `{"answer": <one of these>}`."""
    fields: dict[str, Any] = {"answer": (Literal[tuple(letters)], ...)}
    return create_model("Choice", **fields)


def _prompt(item: Instruction, form: str) -> Prompt:
    if form == "letter":
        return render("solve", question=item.prompt)
    return render("complete-exam-json" if form == "json" else "complete-exam", question=item.prompt)


def _voted(answer: Answer, order: list[Option]) -> str | None:
    """The item's own letter for the option that a reply settles on."""
    if not answer.ok:
        return None
    shown = [Option(letter, o.text) for letter, o in zip(LETTERS, order, strict=False)]
    letter = read_letter(answer.value, shown).letter if isinstance(answer.value, str) else answer.value.answer
    return order[LETTERS.index(letter)].letter if letter else None
