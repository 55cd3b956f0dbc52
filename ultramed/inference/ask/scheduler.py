"""The thread that sends requests: slots come in, each goes to the replica with most room, replies go to the writer."""

import asyncio
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from ultramed.errors import ModelError
from ultramed.inference.ask.admission_queue import AdmissionQueue
from ultramed.inference.ask.costs import Costs
from ultramed.inference.ask.endpoint_health import EndpointHealth
from ultramed.inference.ask.protocols import Outcomes
from ultramed.inference.ask.slots import Slot
from ultramed.inference.ask.writer import Writer
from ultramed.inference.http import wire
from ultramed.inference.http.endpoint import Rejected, Target, Unanswered, unusable
from ultramed.inference.http.replicas import Replica, Replicas
from ultramed.ledger.ledger import LedgerEntry
from ultramed.ledger.requests import Reply

LOOK_AGAIN_S = 0.5  # between looks whether another run has bought a reply


class Scheduler:
    """Retries, replicas and limits. Everything but `submit`, `stop` and what `Admissions` names runs in its own thread.
    """

    def __init__(self, target: Target, writer: Writer, costs: Costs, outcomes: Outcomes) -> None:
        self._target, self._writer, self._costs, self._outcomes = target, writer, costs, outcomes
        self._queue = AdmissionQueue(writer, costs)
        self._ready: deque[Slot] = deque()
        self._tasks: set[asyncio.Task] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._in_flight = self._retrying = 0  # requests sent; requests waiting for their next try
        self._ended = 0  # requests that ended since admission was last asked for
        self._waits_for = ""  # another run that asks the same
        self._health = EndpointHealth(outcomes)
        self._stopping, self._drain_s = False, 0.0
        self.bought = 0  # replies
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._main, name=str(target), daemon=True)
        self._thread.start()
        self._started.wait()

    def submit(self, slots: list[Slot]) -> None:
        self._in_loop(self._arrived, slots)

    def admitted(self, slots: list[Slot]) -> None:
        self._in_loop(self._on_admitted, slots)

    def unfunded(self, slots: list[Slot]) -> None:
        self._in_loop(self._on_unfunded, slots)

    def elsewhere(self, slots: list[Slot], owner: str) -> None:
        self._in_loop(self._on_elsewhere, slots, owner)

    def bought_elsewhere(self, slots: list[Slot]) -> None:
        self._in_loop(self._on_bought_elsewhere, slots)

    def _in_loop(self, callback: Callable[..., None], *given: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: the pass was cut short and nothing more is sent
            self._loop.call_soon_threadsafe(callback, *given)

    def stop(self, drain_s: float) -> None:
        """Stop sending; wait up to `drain_s` seconds for requests in flight, then drop them."""
        if self._thread.is_alive():
            self._drain_s = drain_s
            self._loop.call_soon_threadsafe(self._done.set)
            self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # any error, or the caller would wait for answers forever
            self._outcomes.failed(error)
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        self._replicas = Replicas(self._target, self._pump, self._fail)
        self._started.set()
        await self._done.wait()
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._drain_s)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._replicas.close()

    def _arrived(self, slots: list[Slot]) -> None:
        for slot in slots:
            if slot.admitted:
                self._ready.append(slot)
            else:
                self._queue.add(slot)
        self._pump()

    def _pump(self) -> None:
        """Send what may be sent now; if the next slot only has to wait, schedule another call."""
        if self._stopping or self._all_refused():
            return
        if self._queue.request(self._room() - len(self._ready)):
            self._ended = 0
        while self._ready:
            tokens = self._costs.tokens(self._ready[0])
            replica, wait_s = self._replicas.choose(tokens, self._ready[0].failed_at)
            if replica is None or wait_s > 0:
                return self._pump_in(wait_s)
            self._send(self._ready.popleft(), replica, tokens)

    def _room(self) -> int:
        """Requests that may be admitted; where a budget limits them, one at a time until the model's first reply shows
        what a request costs."""
        proven = self._costs.overrun is not None or not self._costs.capped
        return self._replicas.concurrency if proven else 1 - self._in_flight - self._retrying

    def _all_refused(self) -> bool:
        """Whether all requests so far were refused. If so, nothing more is sent until those in flight have ended; if
        none of those is answered either, the pass fails."""
        if not self._health.all_refused:
            return False
        if not (self._in_flight or self._retrying) and self._health.refusal:
            self._fail(unusable(str(self._target), self._target, self._health.refusal))
        return True

    @property
    def refusal(self) -> ModelError | None:
        """Why the endpoint is of no use: it answered nothing and refused for a reason of its own."""
        refusal = self._health.refusal
        if self._health.answers or refusal is None or refusal.kind in wire.REFUSED:
            return None
        return unusable(str(self._target), self._target, refusal)

    def _fail(self, error: BaseException) -> None:
        self._stopping = True
        self._outcomes.failed(error)

    def _pump_in(self, wait_s: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(wait_s, self._pump) if wait_s > 0 else None

    def _send(self, slot: Slot, replica: Replica, tokens: float) -> None:
        replica.throttle.take(tokens)
        self._in_flight += 1
        if not slot.tries:
            slot.answers_before = self._health.answers
        task = self._loop.create_task(self._try(slot, replica, tokens))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, slot: Slot, replica: Replica, tokens: float) -> None:
        try:
            await self._ask(slot, replica, tokens)
        except asyncio.CancelledError:
            self._writer.lost(slot)
            raise
        except BaseException as error:  # any error, or the caller would wait for answers forever
            self._fail(error)
        self._in_flight, self._ended = self._in_flight - 1, self._ended + 1
        self._pump()

    async def _ask(self, slot: Slot, replica: Replica, tokens: float) -> None:
        sent_at = time.monotonic()
        try:
            reply, latency_s = await replica.endpoint.ask(slot.request)
        except Unanswered as error:
            replica.throttle.give(tokens)
            self._unanswered(slot, replica, error, sent_at)
        except Rejected as error:
            replica.throttle.give(tokens)
            self._rejected(slot, error)
        else:
            replica.answered(reply, tokens)
            self._health.answered()
            self._record(slot, reply, latency_s)

    def _record(self, slot: Slot, reply: Reply, latency_s: float) -> None:
        if self._costs.learn(slot, reply):
            self._ready = deque(self._queue.affordable(self._ready))
        terms, price = self._costs.terms, self._costs.of(slot, reply)
        entry = LedgerEntry(slot.key, terms.identity, terms.stage, slot.request.turns, reply, price / 1e9, latency_s)
        self.bought += 1
        self._writer.reply(slot, entry, price)

    def _rejected(self, slot: Slot, error: Rejected) -> None:
        self._health.refused(error.refusal)
        self._writer.free(slot)
        kind = error.refusal.kind if error.refusal.kind in wire.REFUSED else "rejected"
        self._outcomes.given_up(slot, kind, error.refusal.said)

    def _unanswered(self, slot: Slot, replica: Replica, error: Unanswered, sent_at: float) -> None:
        """Try again later, or give up on the request. Raises ModelError if too many were given up in a row."""
        if error.charged:
            self._writer.lost(slot)
        slot.failed_at = replica
        down = replica.throttle.shut  # if so, the failure says nothing about this request
        self._replicas.failed(replica, error, sent_at)
        if not down:
            slot.tries += 1 / 3 if error.kind == "rate_limited" else 1  # a 429 is about all requests, not only this one
        retries = self._target.retries
        if slot.tries <= retries.tries - 1:
            return self._later(max(error.wait, self._target.pause(int(slot.tries))), [slot])
        if self._health.gave_up(slot.answers_before):
            raise ModelError(replica.endpoint.where, f"no longer answers (last: {error.said})",
                             "replies so far are kept; once it is healthy, run again to continue")
        self._writer.free(slot)
        self._outcomes.given_up(slot, error.kind, f"{retries.tries} tries, last: {error.said}")

    def _later(self, wait_s: float, slots: list[Slot]) -> None:
        """Send slots again after a pause."""
        self._retrying += len(slots)
        self._loop.call_later(wait_s, self._retry, slots)

    def _retry(self, slots: list[Slot]) -> None:
        self._retrying -= len(slots)
        self._arrived(slots)

    def _on_admitted(self, slots: list[Slot]) -> None:
        self._ready.extend(self._queue.admitted(slots))
        self._pump()

    def _on_elsewhere(self, slots: list[Slot], owner: str) -> None:
        """Look again soon: the other run has the replies by then, or is gone, or still asks. A batch may take a day,
        and only a run with batches collects it."""
        kind, name, *_ = owner.split(":")
        if kind == "batch":
            model = self._costs.terms.model
            return self._fail(ModelError(
                model, f"{len(slots)} of the next requests are in a batch under way, which will be charged for",
                f"set models.remote.{model}.batch again and run, to collect it"))
        if not self._waits_for:
            self._waits_for = owner
            print(f"  {self._costs.terms.stage}: another run (process {name}) asks the same; waiting for its replies",
                  file=sys.stderr, flush=True)
        self._queue.not_admitted(slots)
        self._later(LOOK_AGAIN_S, slots)
        self._pump()

    def _on_bought_elsewhere(self, slots: list[Slot]) -> None:
        self._queue.not_admitted(slots)
        self._pump()

    def _on_unfunded(self, slots: list[Slot]) -> None:
        """The budget is used up if no request is in flight, or has ended since, that could give money back."""
        self._queue.unfunded(slots)
        if not self._queue.idle or self._in_flight or self._ready or self._retrying:
            return
        if self._ended:
            self._pump()
        else:
            self._fail(self._costs.exhausted(slots[0], self._outcomes.given))
