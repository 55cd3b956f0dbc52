"""The replicas of one model: which to ask next, and which is down. Lives in the scheduler's event loop."""

import asyncio
import sys
import time

from ultramed.errors import ModelError
from ultramed.inference.endpoint import Endpoint, Target, Unanswered
from ultramed.inference.limits import Bucket, Gate
from ultramed.inference.requests import Reply

IN_A_ROW = 10  # failures of one replica after which it is looked at
LOOK_S = 5.0  # longest pause between two looks at one that is down


class Replica:
    """One endpoint and what it takes."""

    def __init__(self, target: Target, url: str) -> None:
        now = time.monotonic()
        requests, tokens = (Bucket(limit, now) if limit else None for limit in (target.rpm, target.tpm))
        self.endpoint, self.gate = Endpoint(target, url), Gate(target.concurrency, requests, tokens)
        self.failures = 0  # in a row
        self.ever_answered = False

    def answered(self, reply: Reply, tokens: float) -> None:
        """A request that so many tokens were set aside for."""
        self.gate.give(tokens - reply.prompt_tokens - reply.completion_tokens)
        self.gate.quicker()
        self.failures, self.ever_answered = 0, True


class Replicas:
    """Those that are not given up."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._all = [Replica(target, url) for url in target.base_urls]
        self._left = list(self._all)

    @property
    def concurrency(self) -> int:
        return sum(replica.gate.concurrency for replica in self._left)

    def choose(self, tokens: float, but: object) -> tuple[Replica | None, float]:
        """The one to ask next, and in how many seconds: one that answers, with most room, and another than the one
        where the request has failed; None where all are busy."""
        now, found, best = time.monotonic(), None, (0.0, False, 0)
        for replica in self._left:
            if (room := replica.gate.room()) > 0 and (replica is not but or len(self._left) == 1):
                rank = replica.gate.wait(tokens, now), replica.failures > 0, -room
                if found is None or rank < best:
                    found, best = replica, rank
        return found, best[0]

    async def failed(self, replica: Replica, error: Unanswered, sent_at: float) -> None:
        """Slow down on a 429; after other failures in a row, see whether it is up at all. While it is not it is sent
        nothing, and after the target's patience it is given up. Raises ModelError when it was the last."""
        if error.kind == "rate_limited":
            return replica.gate.slower(sent_at, error.wait, time.monotonic())
        replica.failures += 1
        if replica.failures < (IN_A_ROW if replica.ever_answered else 1) or replica.gate.shut:
            return None
        replica.gate.shut = True
        if not await self._comes_up(replica):
            return self._give_up(replica, error)
        replica.gate.shut, replica.failures = False, 0
        return None

    async def close(self) -> None:
        for replica in self._all:
            await replica.endpoint.close()

    async def _comes_up(self, replica: Replica) -> bool:
        began, pause = time.monotonic(), self._target.backoff_s
        patience = self._target.patience_s if replica.ever_answered else 0.0
        while not await replica.endpoint.up():
            if time.monotonic() - began >= patience:
                return False
            await asyncio.sleep(pause)
            pause = min(LOOK_S, 2 * pause)
        return True

    def _give_up(self, replica: Replica, error: Unanswered) -> None:
        self._left.remove(replica)
        where = replica.endpoint.where
        if not self._left:
            raise ModelError(where, f"does not answer ({error.said})", "check its address and that it is up; replies "
                             "received so far are kept, the next run goes on from there")
        print(f"  {where}: does not answer ({error.said}); going on without it", file=sys.stderr, flush=True)
