"""Numbers that are not known: low, expected, high."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """Low and high are bounds of cost, not of a distribution: a share of speed has its low cost where it is highest."""

    low: float
    expected: float
    high: float

    def __add__(self, other: Range | float) -> Range:
        return self._with(other, lambda a, b: a + b)

    def __mul__(self, other: Range | float) -> Range:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Range | float) -> Range:
        """Each by its own: the low end by the divisor's low end."""
        return self._with(other, lambda a, b: a / b)

    def at_most(self, limit: float | None) -> Range:
        """None sets no limit."""
        return self if limit is None else self._with(limit, min)

    def whole(self) -> Range:
        """Rows and calls are whole; a part counts as one."""
        return Range(*(math.ceil(round(v, 6)) for v in (self.low, self.expected, self.high)))

    def _with(self, other: Range | float, by: Callable[[float, float], float]) -> Range:
        o = other if isinstance(other, Range) else exact(other)
        return Range(by(self.low, o.low), by(self.expected, o.expected), by(self.high, o.high))


def exact(value: float) -> Range:
    """A number that is known."""
    return Range(value, value, value)


ZERO = exact(0)


def total(ranges: Iterable[Range]) -> Range:
    """The sum; 0 of none."""
    return sum(ranges, start=ZERO)
