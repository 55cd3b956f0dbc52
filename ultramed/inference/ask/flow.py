"""Requests stream in, answers stream out in the same order; in between the ledger, and those who ask and write.

Three threads: the caller's renders requests and looks them up, the scheduler's talks to the endpoint, the writer's
commits replies and reads them. A pass that the ledger answers alone starts none of them.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType

from ultramed.inference.ask.scheduler import Orders, Scheduler
from ultramed.inference.ask.slots import Slot
from ultramed.inference.ask.writer import Listeners, Writer
from ultramed.inference.http import wire
from ultramed.inference.http.endpoint import Target, key_of
from ultramed.ledger.budget import Budget, nano
from ultramed.ledger.ledger import Entry, Ledger
from ultramed.ledger.requests import Reply, Request
from ultramed.params import BudgetUSD, Price

AHEAD = 16  # requests kept in flight or waiting, per slot of the endpoint: one slow reply must not stop the others
LOOKUP = 500  # requests looked up at once where the ledger has them all
DRAIN_S = 60.0  # that replies in flight are waited for when a pass is broken off


@dataclass(frozen=True)
class Terms:
    """Who asks, whom, at what price."""

    name: str  # of the model in params
    stage: str
    identity: str  # of the model
    concurrency: int  # of all replicas together
    reach: Callable[[], Target]  # a local model's server is started by it
    price: Price | None
    budget: BudgetUSD
    folder: Path  # of the ledger


class Flow:
    """One pass of requests. Use inside `with`: leaving it waits for what is in flight, and keeps what comes.

    `refused`: what was asked for otherwise and did not come, by key, with why; nothing is sent then.
    """

    def __init__(
        self, terms: Terms, ledger: Ledger, truncated_ok: bool = False,
        refused: dict[str, tuple[str, str]] | None = None,
    ) -> None:
        self.terms, self._ledger, self._refused = terms, ledger, refused
        self._reading = terms.identity, truncated_ok
        self._window: deque[Slot] = deque()
        self._flying: dict[str, Slot] = {}
        self._changed = threading.Condition()  # guards `_flying`, `_error` and every slot's `done`
        self._error: BaseException | None = None
        self._machinery: tuple[Scheduler, Writer] | None = None
        self._known = 0
        self.taken = self.given = self.bought = self.spent = self.uncertain = 0

    def __enter__(self) -> "Flow":
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if self._machinery:
            scheduler, writer = self._machinery
            scheduler.stop(DRAIN_S if kind else 0.0)
            writer.stop()
            self.spent, self.uncertain = writer.spent, writer.uncertain

    def run(self, requests: Iterable[Request]) -> Iterator[Slot]:
        """Done slots in the order of the requests. Raises what made the pass impossible."""
        stream, size = iter(requests), max(LOOKUP, self.terms.concurrency * AHEAD)
        while True:
            if len(self._window) <= size // 2:
                self._fill(list(islice(stream, size - len(self._window))))
            if not self._window:
                return
            if not self._window[0].done:
                self._wait(self._window[0])
            self.given += 1
            yield self._window.popleft()

    def _fill(self, requests: list[Request]) -> None:
        """Look requests up, and ask those that are in flight or nowhere."""
        slots = [Slot(r, r.key(self.terms.identity)) for r in requests]
        self._window.extend(slots)
        self.taken += len(slots)
        with self._changed:  # what is in flight is followed; what has landed is in the ledger
            rest = [slot for slot in slots if not self._follow(slot)]
        found = self._ledger.get(slot.key for slot in rest)
        asked = [slot for slot in rest if not slot.settle(found.get(slot.key), self._ledger, *self._reading)]
        self._known += len(rest) - len(asked)
        self._ask(asked)

    def _follow(self, slot: Slot) -> bool:
        leader = self._flying.get(slot.key)
        if leader:
            slot.known = False
            leader.followers.append(slot)
        return leader is not None

    def _ask(self, slots: list[Slot]) -> None:
        if self._refused is not None:
            for slot in slots:
                slot.give_up(*self._refused.get(slot.key, ("timeout", "no batch brought a reply")))
            return
        with self._changed:
            leaders = [slot for slot in slots if not self._follow(slot) and self._lead(slot)]
        if leaders:
            self._scheduler().submit(leaders)

    def _lead(self, slot: Slot) -> bool:
        slot.known = False
        self._flying[slot.key] = slot
        return True

    def _scheduler(self) -> Scheduler:
        if self._machinery is None:
            self._target, terms = self.terms.reach(), self.terms
            key_of(self._target)
            budget = (lambda ledger: Budget(ledger, terms.stage, terms.budget)) if terms.price else (lambda _: None)
            writer = Writer(terms.folder, terms.stage, budget, Listeners(
                self._settled, lambda slots: self._scheduler().funded(slots),
                lambda slots: self._scheduler().unfunded(slots), self._failed))
            capped = terms.price is not None and bool(terms.budget.over(terms.stage))
            orders = Orders(self._tokens, self._most, capped, self._bought, lambda: self._known, self._given_up,
                            self._broke, self._failed)
            self._machinery = Scheduler(self._target, writer, orders), writer
        return self._machinery[0]

    def _tokens(self, slot: Slot) -> float:
        return len(slot.request.turns) / 4 + slot.request.sampling.max_tokens

    def _most(self, slot: Slot) -> int:
        """A token is a byte at least, and what frames a turn in JSON is more than what frames it in a template."""
        if self.terms.price is None:
            return 0
        sent = len(wire.body(slot.request, self._target.model, self._target.mode).encode())
        return nano(self.terms.price, sent, slot.request.sampling.max_tokens)

    def _bought(self, slot: Slot, reply: Reply, latency: float) -> None:
        price = nano(self.terms.price, reply.prompt_tokens, reply.completion_tokens)
        if self.terms.price and not reply.prompt_tokens:
            price = self._most(slot)  # it does not say what it read
        entry = Entry(slot.key, self.terms.identity, self.terms.stage, slot.request.turns, reply, price / 1e9, latency)
        self.bought += 1
        self._machinery[1].reply(slot, entry, price)  # type: ignore[index]

    def _settled(self, replies: list[tuple[Slot, Entry]], ledger: Ledger) -> None:
        """In the writer's thread, with its ledger: replies are on disk."""
        with self._changed:
            landed = [(slot, entry) for leader, entry in replies for slot in self._land(leader)]
        again = [slot for slot, entry in landed if not slot.settle(entry, ledger, *self._reading)]
        if again:
            self._ask(again)
        with self._changed:
            self._changed.notify()

    def _land(self, leader: Slot) -> list[Slot]:
        del self._flying[leader.key]
        followers, leader.followers = leader.followers, []
        return [leader, *followers]

    def _given_up(self, slot: Slot, failure: str, detail: str) -> None:
        with self._changed:
            for one in self._land(slot):
                one.give_up(failure, detail)
            self._changed.notify()

    def _broke(self, slot: Slot) -> BaseException:
        left = f"{self.given} answered in this pass"
        with closing(Ledger(self.terms.folder)) as ledger:
            return Budget(ledger, self.terms.stage, self.terms.budget).exhausted(self._most(slot), left)

    def _failed(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify()

    def _wait(self, slot: Slot) -> None:
        with self._changed:
            while not slot.done:
                if self._error is not None:
                    raise self._error
                self._changed.wait()
