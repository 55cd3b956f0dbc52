"""Limits for one endpoint: concurrency, requests and tokens per minute, and slowing down after a 429.

Times are seconds of a monotonic clock, passed in by the caller.
"""

from dataclasses import dataclass

BURST_S = 5.0  # seconds' worth of a limit that may be used at once


class Bucket:
    """A token bucket: an amount per minute, in small bursts. One request may overdraw it; later ones wait for that."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._rate, self._at = per_minute / 60, now
        self._most = self._level = max(1.0, self._rate * BURST_S)

    def wait(self, amount: float, now: float) -> float:
        """Seconds until this amount may be taken."""
        self._level = min(self._most, self._level + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (min(amount, self._most) - self._level) / self._rate)

    def take(self, amount: float) -> None:
        """A negative amount is given back."""
        self._level = min(self._most, self._level - amount)


@dataclass
class Throttle:
    """When an endpoint may be sent the next request. A 429 halves concurrency, once for all requests sent before it;
    every full round of answers raises it again by one."""

    concurrency: int
    requests: Bucket | None = None
    tokens: Bucket | None = None
    in_flight: int = 0
    shut: bool = False  # nothing is sent
    _allowed: float = 0.0
    _slowed_at: float = -1.0
    _paused_until: float = 0.0

    def __post_init__(self) -> None:
        self._allowed = float(self.concurrency)

    def room(self) -> int:
        """Requests that may be sent in addition to those in flight."""
        return 0 if self.shut else max(0, int(self._allowed) - self.in_flight)

    def wait(self, tokens: float, now: float) -> float:
        """Seconds until a request of this many tokens may be sent, once there is room."""
        waits = [0.0, self._paused_until - now]
        waits += [self.requests.wait(1, now)] if self.requests else []
        waits += [self.tokens.wait(tokens, now)] if self.tokens else []
        return max(waits)

    def take(self, tokens: float) -> None:
        self.in_flight += 1
        if self.requests:
            self.requests.take(1)
        if self.tokens:
            self.tokens.take(tokens)

    def give(self, unused: float = 0.0) -> None:
        """A request has ended; its `unused` tokens are given back."""
        self.in_flight -= 1
        if self.tokens:
            self.tokens.take(-unused)

    def quicker(self) -> None:
        """Raise concurrency after an answer."""
        self._allowed = min(self.concurrency, self._allowed + 1 / self._allowed)

    def slower(self, sent_at: float, wait: float, now: float) -> None:
        """Slow down after a 429 to a request sent at `sent_at`; send nothing until its Retry-After is over."""
        if sent_at > self._slowed_at:
            self._slowed_at, self._allowed = now, max(1.0, self._allowed / 2)
        self._paused_until = max(self._paused_until, now + wait)
