"""Is it a row that comes to nothing, or the endpoint? A row, as long as others are answered."""

from collections.abc import Callable

IN_A_ROW = 10  # rows given up one after another, after which it is the endpoint
REFUSED = 5  # rows refused, and none answered


class Doubt:
    """Counts what became of requests. `known`: those that the ledger has answered; they allow for more, so that a run
    that finds only what came to nothing in an earlier one ends as that did."""

    def __init__(self, known: Callable[[], int]) -> None:
        self._known = known
        self.answers = 0
        self.last = ""  # words of the endpoint
        self._refused = self._given_up = 0

    def answered(self) -> None:
        self.answers += 1
        self._given_up = 0

    def refused(self, said: str) -> None:
        """One request, for good."""
        self._refused, self.last = self._refused + 1, said

    def given_up(self, since: int, said: str) -> bool:
        """A row was, first tried after so many `answers`; whether one row too many."""
        self._given_up, self.last = self._given_up + (since == self.answers), said
        return self._given_up >= IN_A_ROW + self._known() // 10

    @property
    def all_refused(self) -> bool:
        """So many were refused, and none answered, that nothing more should be sent while this is so."""
        return not self.answers and self._refused >= REFUSED + self._known() // 10
