"""One pass: requests stream in, answers stream out in the same order, the ledger and the endpoint in between.

Three threads: the caller renders requests and looks them up, the scheduler talks to the endpoint, the writer commits
replies and parses them. A pass that the ledger can answer alone starts neither the scheduler nor the writer.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from types import TracebackType

from ultramed.inference.ask.costs import Costs, Terms
from ultramed.inference.ask.scheduler import Scheduler
from ultramed.inference.ask.slots import Slot
from ultramed.inference.ask.usefulness import Usefulness
from ultramed.inference.ask.writer import Writer
from ultramed.inference.http.endpoint import api_key
from ultramed.ledger.ledger import Ledger, LedgerEntry
from ultramed.ledger.requests import Request

AHEAD = 16  # requests kept in flight or waiting, per slot of the endpoint: one slow reply must not hold up the others
LOOKUP = 500  # requests looked up at once when the ledger has them all
DRAIN_S = 60.0  # longest wait for replies in flight when a pass is cut short
Failures = dict[str, tuple[str, str]]  # why there is no reply, by request key: (one word, a sentence)


class Flow:
    """One pass of requests. Use in a `with` block: leaving it waits for requests in flight and keeps their replies.

    `failures`: requests sent in batches that got no reply; if given, nothing is sent. The scheduler and the writer
    report to this object: see `protocols.Outcomes`.
    """

    def __init__(
        self, terms: Terms, ledger: Ledger, usefulness: Usefulness | None, truncated_ok: bool = False,
        failures: Failures | None = None,
    ) -> None:
        self.terms, self._ledger, self._failures = terms, ledger, failures
        self._reading = terms.identity, truncated_ok
        self._window: deque[Slot] = deque()
        self._in_flight: dict[str, Slot] = {}  # the first slot of each request, by key
        self._changed = threading.Condition()  # guards `_in_flight`, `_error` and every slot's `done`
        self._error: BaseException | None = None
        self._scheduler: Scheduler | None = None
        self._writer: Writer | None = None
        self._usefulness = usefulness
        self.known = self.given = self.spent = self.uncertain = 0

    @property
    def bought(self) -> int:
        """Replies that came from the endpoint."""
        return self._scheduler.bought if self._scheduler else 0

    def __enter__(self) -> "Flow":
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if self._scheduler and self._writer:
            self._scheduler.stop(DRAIN_S if kind else 0.0)
            self._writer.stop()
            self.spent, self.uncertain = self._writer.spent, self._writer.uncertain

    def run(self, requests: Iterable[Request]) -> Iterator[Slot]:
        """Yield finished slots in the order of the requests. Raises the error that stopped the pass."""
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
        """Look up requests, and send those that are neither in flight nor in the ledger."""
        slots = [Slot(request, request.key(self.terms.identity)) for request in requests]
        self._window.extend(slots)
        with self._changed:  # a reply that has just left `_in_flight` is in the ledger
            rest = [slot for slot in slots if not self._follow(slot)]
        entries = self._ledger.get(slot.key for slot in rest)
        missing = [slot for slot in rest if not self._settle(slot, entries.get(slot.key), self._ledger)]
        self.known += len(rest) - len(missing)
        self._ask(missing)

    def _settle(self, slot: Slot, entry: LedgerEntry | None, ledger: Ledger) -> bool:
        before = len(slot.answers)
        slot.settle(entry, ledger, *self._reading)
        if self._usefulness:
            for answer in slot.answers[before:]:
                self._usefulness.note(answer)
        return slot.done

    def _follow(self, slot: Slot) -> bool:
        """Let a slot share the reply of an identical request in flight. Returns whether there is one."""
        leader = self._in_flight.get(slot.key)
        if leader:
            slot.known = False
            leader.followers.append(slot)
        return leader is not None

    def _lead(self, slot: Slot) -> bool:
        slot.known = False
        self._in_flight[slot.key] = slot
        return True

    def _ask(self, slots: list[Slot]) -> None:
        if self._failures is not None:
            for slot in slots:
                slot.give_up(*self._failures.get(slot.key, ("timeout", "no batch brought a reply")))
            return
        if self._usefulness and (error := self._usefulness.fault):
            return self.failed(error)
        with self._changed:
            leaders = [slot for slot in slots if not self._follow(slot) and self._lead(slot)]
        if leaders:
            self._started().submit(leaders)

    def _started(self) -> Scheduler:
        """The scheduler. The first request that the ledger cannot answer starts it, together with the writer."""
        if self._scheduler is None:
            target = self.terms.open_target()
            api_key(target)
            costs = Costs(self.terms, target)
            self._writer = Writer(costs, self)
            self._scheduler = Scheduler(target, self._writer, costs, self)
            self._writer.start(self._scheduler)
        return self._scheduler

    def refuse_useless(self) -> None:
        """Raise ModelError where the pass has ended, and the endpoint refused all of it for a reason of its own."""
        if self._scheduler and not self.known and (error := self._scheduler.refusal):
            raise error

    def settled(self, replies: list[tuple[Slot, LedgerEntry]], ledger: Ledger) -> None:
        with self._changed:
            landed = [(slot, entry) for leader, entry in replies for slot in self._land(leader)]
        unsettled = [slot for slot, entry in landed if not self._settle(slot, entry, ledger)]
        if self._usefulness and (error := self._usefulness.fault):
            return self.failed(error)
        if unsettled:
            self._ask(unsettled)
        with self._changed:
            self._changed.notify()

    def _land(self, leader: Slot) -> list[Slot]:
        """Take a leader out of flight. Returns it with its followers."""
        del self._in_flight[leader.key]
        followers, leader.followers = leader.followers, []
        return [leader, *followers]

    def given_up(self, slot: Slot, failure: str, detail: str) -> None:
        with self._changed:
            for landed in self._land(slot):
                landed.give_up(failure, detail)
            self._changed.notify()

    def failed(self, error: BaseException) -> None:
        with self._changed:
            self._error = self._error or error
            self._changed.notify()

    def _wait(self, slot: Slot) -> None:
        with self._changed:
            while not slot.done:
                if self._error is not None:
                    raise self._error
                self._changed.wait()
