"""The thread that asks: slots come in, each goes to the replica with most room, replies go to the writer."""

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ultramed.errors import ModelError
from ultramed.inference.ask.funding import Purse
from ultramed.inference.ask.health import Doubt
from ultramed.inference.ask.slots import Slot
from ultramed.inference.ask.writer import Writer
from ultramed.inference.http.endpoint import Rejected, Target, Unanswered
from ultramed.inference.http.replicas import Replica, Replicas
from ultramed.ledger.requests import Reply

RETRIES = 6
LONGEST_PAUSE_S = 30.0  # before a retry


@dataclass(frozen=True)
class Orders:
    """What the scheduler needs to know of a slot, and whom it tells."""

    tokens: Callable[[Slot], float]  # that a request may take, prompt and reply
    most: Callable[[Slot], int]  # that a request may cost, in billionths of a USD
    capped: bool  # whether a budget limits it
    bought: Callable[[Slot, Reply, float], None]  # with its latency
    known: Callable[[], int]  # requests that the ledger has answered
    given_up: Callable[[Slot, str, str], None]  # why, in a word and in a sentence
    broke: Callable[[Slot], BaseException]  # the error where the budget has no room for this slot
    failed: Callable[[BaseException], None]  # of no use to any


class Scheduler:
    """Retries, replicas and limits. All but `submit`, `funded`, `unfunded` and `stop` happens in its own thread."""

    def __init__(self, target: Target, writer: Writer, orders: Orders) -> None:
        self._target, self._writer, self._orders = target, writer, orders
        self._purse = Purse(writer, orders.most) if orders.capped else None
        self._ready: deque[Slot] = deque()
        self._tasks: set[asyncio.Task] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._flying = self._later = 0  # requests under way, and those that wait for their next try
        self._ended = 0  # since money was asked for last
        self._doubt = Doubt(orders.known)
        self._stopping, self._drain_s = False, 0.0
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._main, name=str(target), daemon=True)
        self._thread.start()
        self._started.wait()

    def submit(self, slots: list[Slot]) -> None:
        self._tell(self._arrived, slots)

    def funded(self, slots: list[Slot]) -> None:
        self._tell(self._paid, slots)

    def unfunded(self, slots: list[Slot]) -> None:
        self._tell(self._unpaid, slots)

    def _tell(self, what: Callable[[list[Slot]], None], slots: list[Slot]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the pass is being broken off, and nothing more is sent
            self._loop.call_soon_threadsafe(what, slots)

    def stop(self, drain_s: float) -> None:
        """Send nothing more; wait so long for what is in flight, then drop it."""
        if self._thread.is_alive():
            self._drain_s = drain_s
            self._loop.call_soon_threadsafe(self._done.set)
            self._thread.join()

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as error:  # whatever it is: those who wait for answers would wait for ever
            self._orders.failed(error)
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
            self._queue(slot)
        self._pump()

    def _queue(self, slot: Slot) -> None:
        if self._purse and not slot.reserved:
            self._purse.add(slot)
        else:
            self._ready.append(slot)

    def _pump(self) -> None:
        """Send what may be sent now; where only time is in the way, come back."""
        if self._stopping or self._doubtful():
            return
        if self._purse and self._purse.ask(self._replicas.concurrency - len(self._ready)):
            self._ended = 0
        while self._ready:
            tokens = self._orders.tokens(self._ready[0])
            replica, wait = self._replicas.choose(tokens, self._ready[0].failed_at)
            if replica is None or wait > 0:
                return self._come_back(wait)
            self._send(self._ready.popleft(), replica, tokens)

    def _doubtful(self) -> bool:
        """Whether all so far were refused: then nothing more is sent until those in flight have ended; if none of them
        is answered, nothing is."""
        if not self._doubt.all_refused:
            return False
        if not (self._flying or self._later):
            self._fail(ModelError(str(self._target), f"refuses every request ({self._doubt.last})",
                                  "check max_tokens, context and the model's settings in params.yaml"))
        return True

    def _fail(self, error: BaseException) -> None:
        self._stopping = True
        self._orders.failed(error)

    def _come_back(self, wait: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(wait, self._pump) if wait > 0 else None

    def _send(self, slot: Slot, replica: Replica, tokens: float) -> None:
        replica.gate.take(tokens)
        self._flying += 1
        if not slot.tries:
            slot.since = self._doubt.answers
        task = self._loop.create_task(self._try(slot, replica, tokens))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _try(self, slot: Slot, replica: Replica, tokens: float) -> None:
        try:
            await self._outcome(slot, replica, tokens)
        except asyncio.CancelledError:
            self._writer.lost(slot, self._orders.most(slot))
            raise
        except BaseException as error:  # whatever it is: those who wait for answers would wait for ever
            self._fail(error)
        self._flying, self._ended = self._flying - 1, self._ended + 1
        self._pump()

    async def _outcome(self, slot: Slot, replica: Replica, tokens: float) -> None:
        sent_at = time.monotonic()
        try:
            reply, latency = await replica.endpoint.ask(slot.request)
        except Unanswered as error:
            replica.gate.give(tokens)
            self._unanswered(slot, replica, error, sent_at)
        except Rejected as error:
            replica.gate.give(tokens)
            self._rejected(slot, error)
        else:
            replica.answered(reply, tokens)
            self._doubt.answered()
            self._orders.bought(slot, reply, latency)

    def _rejected(self, slot: Slot, error: Rejected) -> None:
        self._doubt.refused(error.said)
        self._writer.free(slot)
        self._orders.given_up(slot, error.kind, error.said)

    def _unanswered(self, slot: Slot, replica: Replica, error: Unanswered, sent_at: float) -> None:
        """Try again later, or give the row up: its own fault while others are answered, else the endpoint's."""
        if error.charged:
            self._writer.lost(slot, self._orders.most(slot))
        slot.failed_at = replica
        down = replica.gate.shut  # then it says nothing of this row
        self._replicas.failed(replica, error, sent_at)
        if not down:
            slot.tries += 1 / 3 if error.kind == "rate_limited" else 1  # a 429 says more of all than of one
        if slot.tries <= RETRIES:
            backoff = min(LONGEST_PAUSE_S, self._target.backoff_s * 2 ** int(slot.tries)) * random.uniform(0.5, 1.0)
            self._later += 1
            self._loop.call_later(max(error.wait, backoff), self._again, slot)
            return
        if self._doubt.given_up(slot.since, error.said):
            raise ModelError(replica.endpoint.where, f"answers nothing any more (last: {error.said})",
                             "what came is kept; run again when it is well, it goes on from there")
        self._writer.free(slot)
        self._orders.given_up(slot, error.kind, f"{RETRIES + 1} tries, last: {error.said}")

    def _again(self, slot: Slot) -> None:
        self._later -= 1
        self._queue(slot)
        self._pump()

    def _paid(self, slots: list[Slot]) -> None:
        assert self._purse
        self._purse.paid(slots)
        self._ready.extend(slots)
        self._pump()

    def _unpaid(self, slots: list[Slot]) -> None:
        """When nothing is under way, or has ended since, that gives money back, the budget is used up."""
        assert self._purse
        self._purse.unpaid(slots)
        if not self._purse.idle or self._flying or self._ready or self._later:
            return
        if self._ended:
            self._pump()
        else:
            self._fail(self._orders.broke(slots[0]))
