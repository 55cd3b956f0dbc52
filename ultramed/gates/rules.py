"""The rules of a suite, independent of the library that checks them."""

from dataclasses import dataclass
from typing import Literal

SPLITS = ("train", "dev", "test")

@dataclass(frozen=True)
class Rule:
    """One expectation on a column of a facts table. Null facts mean *does not apply* and are skipped."""

    table: str  # rows | balance | selected | sources
    kind: Literal["count", "between", "one_of", "unique", "present"]
    words: str  # what should hold, for people
    column: str = ""  # "" for count
    low: float | None = None
    high: float | None = None
    values: tuple[object, ...] = ()

    @property
    def expected(self) -> str:
        """The allowed values in words."""
        if self.low == self.high == 0:
            return "0 rows otherwise"
        if self.kind in ("count", "between"):
            if self.low is not None and self.high is not None:
                return f"{self.low:g} to {self.high:g}" if self.low != self.high else f"{self.low:g}"
            return f"at least {self.low:g}" if self.low is not None else f"at most {self.high:g}"
        if self.values == (True,):
            return "so on every row"
        if self.kind == "one_of":
            return " or ".join(str(v) for v in self.values)
        return "none twice" if self.kind == "unique" else "a value"


def count(table: str, low: int, words: str) -> Rule:
    """The table has at least `low` rows."""
    return Rule(table, "count", words, low=low)


def between(table: str, column: str, low: float | None, high: float | None, words: str) -> Rule:
    """Numbers in a closed range; `None` leaves an end open."""
    return Rule(table, "between", words, column, low, high)


def holds(table: str, column: str, words: str) -> Rule:
    """A flag that must be true."""
    return Rule(table, "one_of", words, column, values=(True,))


def zero(table: str, column: str, words: str) -> Rule:
    """A count that must be 0."""
    return Rule(table, "between", words, column, 0, 0)


def one_of(table: str, column: str, values: tuple[object, ...], words: str) -> Rule:
    """Values from a closed set."""
    return Rule(table, "one_of", words, column, values=values)


def unique(table: str, column: str, words: str) -> Rule:
    """No value occurs twice."""
    return Rule(table, "unique", words, column)


def present(table: str, column: str, words: str) -> Rule:
    """No nulls: only here is null a failure."""
    return Rule(table, "present", words, column)
