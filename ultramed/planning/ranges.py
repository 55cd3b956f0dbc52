"""Uncertain numbers: low, expected, high."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Low and high bound the cost, not the number: for a speed, `low` is the highest speed, which costs least."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Range | float) -> Range:
        return self._with(other, lambda a, b: a + b)

    def __mul__(self, other: Range | float) -> Range:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Range | float) -> Range:
        """Ends pair up: low is divided by the divisor's low."""
        return self._with(other, lambda a, b: a / b)

    def at_most(self, limit: float | None) -> Range:
        """None sets no limit."""
        return self if limit is None else self._with(limit, min)

    def whole(self) -> Range:
        """Rounded up, for rows and calls."""
        return Range(*(math.ceil(round(v, 6)) for v in (self.low, self.expected, self.high)))

    def _with(self, other: Range | float, by: Callable[[float, float], float]) -> Range:
        o = other if isinstance(other, Range) else exact(other)
        return Range(by(self.low, o.low), by(self.expected, o.expected), by(self.high, o.high))


def exact(value: float) -> Range:
    """A known number."""
    return Range(value, value, value)


ZERO = exact(0)


def total(ranges: Iterable[Range]) -> Range:
    """The sum; 0 if there are none."""
    return sum(ranges, start=ZERO)
