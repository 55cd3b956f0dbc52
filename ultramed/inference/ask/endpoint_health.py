"""Tells failures of single requests from failures of the endpoint: as long as others are answered, it is up."""

from ultramed.inference.ask.protocols import Outcomes
from ultramed.inference.http.wire import Refusal

MAX_CONSECUTIVE = 10  # requests given up in a row before the endpoint is blamed
MAX_REFUSED = 5  # requests refused, with none answered, before the endpoint is blamed


class EndpointHealth:
    """Counts answers and failures. Every ten answers from the ledger raise both limits by one, so that a run with only
    previously failed requests left ends the way the last one did."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self.answers = 0
        self.refusal: Refusal | None = None  # the last one
        self._refused = self._consecutive = 0

    def answered(self) -> None:
        self.answers += 1
        self._consecutive = 0

    def refused(self, refusal: Refusal) -> None:
        """One request was refused for good."""
        self._refused, self.refusal = self._refused + 1, refusal

    def gave_up(self, answers_before: int) -> bool:
        """Record a request given up that was first sent after `answers_before` answers. Returns whether the endpoint
        is down."""
        self._consecutive += answers_before == self.answers
        return self._consecutive >= MAX_CONSECUTIVE + self._outcomes.known // 10

    @property
    def all_refused(self) -> bool:
        """Whether so many requests were refused, with none answered, that no more should be sent for now."""
        return not self.answers and self._refused >= MAX_REFUSED + self._outcomes.known // 10
