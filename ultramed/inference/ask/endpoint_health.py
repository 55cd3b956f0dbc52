"""Whether failures are the fault of single requests or of the endpoint: of requests, as long as others are answered."""

from ultramed.inference.ask.protocols import Outcomes

MAX_CONSECUTIVE = 10  # requests given up one after another, after which it is the endpoint
MAX_REFUSED = 5  # requests refused while none was answered, after which it is the endpoint


class EndpointHealth:
    """Counts answers and failures. Answers of the ledger raise both limits by a tenth of their number, so that a run
    left only with requests that failed before ends as the run before it did."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self.answers = 0
        self.last_error = ""  # in the endpoint's words
        self._refused = self._consecutive = 0

    def answered(self) -> None:
        self.answers += 1
        self._consecutive = 0

    def refused(self, error: str) -> None:
        """One request was refused for good."""
        self._refused, self.last_error = self._refused + 1, error

    def gave_up(self, answers_before: int, error: str) -> bool:
        """A request was given up that was first sent after `answers_before` answers. Returns whether the endpoint is
        down."""
        self._consecutive, self.last_error = self._consecutive + (answers_before == self.answers), error
        return self._consecutive >= MAX_CONSECUTIVE + self._outcomes.known // 10

    @property
    def all_refused(self) -> bool:
        """Whether too many requests were refused, while none was answered, to send more for now."""
        return not self.answers and self._refused >= MAX_REFUSED + self._outcomes.known // 10
