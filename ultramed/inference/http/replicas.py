"""The replicas of one model: which to ask next, and which are down. Runs in the scheduler's event loop."""

import asyncio
import sys
import time
from collections.abc import Callable

from ultramed.errors import ModelError
from ultramed.inference.http.endpoint import Endpoint, Target, Unanswered
from ultramed.inference.http.limits import Bucket, Throttle
from ultramed.ledger.requests import Reply

FAILURES = 10  # of one replica in a row before it is checked
CHECK_S = 5.0  # longest pause between checks of one that is down


class Replica:
    """One endpoint, its limits and its recent failures."""

    def __init__(self, target: Target, url: str) -> None:
        now = time.monotonic()
        requests, tokens = (Bucket(limit, now) if limit else None for limit in (target.rpm, target.tpm))
        self.endpoint, self.throttle = Endpoint(target, url), Throttle(target.concurrency, requests, tokens)
        self.failures = 0  # in a row, since it was last checked
        self.failing = False  # whether its last request failed
        self.ever_answered = False

    def answered(self, reply: Reply, tokens: float) -> None:
        """Record a reply to a request that `tokens` were set aside for."""
        used = reply.prompt_tokens + reply.completion_tokens
        self.throttle.give(tokens - used if used else 0.0)  # some endpoints do not count tokens
        self.throttle.quicker()
        self.failures, self.failing, self.ever_answered = 0, False, True


class Replicas:
    """The replicas of a model; those that stay down are given up."""

    def __init__(self, target: Target, changed: Callable[[], None], lost: Callable[[ModelError], None]) -> None:
        """`changed` is called when one may be asked again or is given up, `lost` when the last one is given up."""
        self._target, self._changed, self._lost = target, changed, lost
        self._checks: set[asyncio.Task] = set()
        self._all = [Replica(target, url) for url in target.base_urls]
        self._left = list(self._all)

    @property
    def concurrency(self) -> int:
        return sum(replica.throttle.concurrency for replica in self._left)

    def choose(self, tokens: float, failed_at: object) -> tuple[Replica | None, float]:
        """The replica to ask next, and in how many seconds: the soonest, then one that answers, then the one with most
        room, and not the one that failed last if there is another. None if all are busy."""
        now, chosen, best = time.monotonic(), None, (0.0, False, 0)
        up = [replica for replica in self._left if not replica.throttle.shut]
        for replica in up:
            again = replica is failed_at and replica.failing and len(up) > 1
            if (room := replica.throttle.room()) > 0 and not again:
                rank = replica.throttle.wait(tokens, now), replica.failing, -room
                if chosen is None or rank < best:
                    chosen, best = replica, rank
        return chosen, best[0]

    def failed(self, replica: Replica, error: Unanswered, sent_at: float) -> None:
        """Slow down on a 429; after other failures in a row, check whether the replica is up at all. While it is down
        it is sent nothing, and after the target's patience it is given up."""
        if error.kind == "rate_limited":
            return replica.throttle.slower(sent_at, error.wait, time.monotonic())
        replica.failures, replica.failing = replica.failures + 1, True
        if replica.failures >= (FAILURES if replica.ever_answered else 1) and not replica.throttle.shut:
            replica.throttle.shut = True
            check = asyncio.get_running_loop().create_task(self._check(replica, error))
            self._checks.add(check)
            check.add_done_callback(self._checks.discard)
        return None

    async def close(self) -> None:
        for check in list(self._checks):
            check.cancel()
        await asyncio.gather(*self._checks, return_exceptions=True)
        for replica in self._all:
            await replica.endpoint.close()

    async def _check(self, replica: Replica, error: Unanswered) -> None:
        if await self._comes_up(replica):
            replica.throttle.shut, replica.failures = False, 0
        else:
            self._give_up(replica, error)
        self._changed()

    async def _comes_up(self, replica: Replica) -> bool:
        began, pause = time.monotonic(), self._target.retries.backoff_s
        patience = self._target.patience_s if replica.ever_answered else 0.0
        while not await replica.endpoint.up():
            if time.monotonic() - began >= patience:
                return False
            await asyncio.sleep(pause)
            pause = min(CHECK_S, 2 * pause)
        return True

    def _give_up(self, replica: Replica, error: Unanswered) -> None:
        self._left.remove(replica)
        where = replica.endpoint.where
        if not self._left:
            remedy = "check its address and that it is up; replies so far are kept, the next run continues from there"
            return self._lost(ModelError(where, f"does not answer ({error.said})", remedy))
        print(f"  {where}: does not answer ({error.said}); continuing without it", file=sys.stderr, flush=True)
        return None
