"""What the requests of a pass may cost, and what they did cost."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ultramed.errors import BudgetError
from ultramed.inference.ask.slots import Slot
from ultramed.inference.http.endpoint import Target
from ultramed.ledger.budget import Budget, nano
from ultramed.ledger.ledger import Ledger
from ultramed.ledger.requests import Reply
from ultramed.params import BudgetUSD, Price


@dataclass(frozen=True)
class Terms:
    """Which stage asks which model, and at what price."""

    model: str  # its name in params
    stage: str
    identity: str  # of the model
    concurrency: int  # of all replicas together
    open_target: Callable[[], Target]  # starts the server of a local model
    price: Price | None  # None for a local model
    budget: BudgetUSD
    folder: Path  # of the ledger


def most(price: Price | None, sent: int, max_tokens: int, overrun: int) -> int:
    """Upper bound of what a request of so many bytes may cost, in billionths of a USD: a token is a byte at least, and
    what frames a turn in JSON is longer than what frames it in a chat template. `overrun`: tokens that replies have had
    beyond `max_tokens`, which does not bind the thinking of every model."""
    return nano(price, sent, max_tokens + overrun)


def charged(price: Price | None, reply: Reply, bound: int) -> int:
    """What a reply cost; where the endpoint does not count all its tokens, the upper bound at least."""
    counted = nano(price, reply.prompt_tokens, reply.completion_tokens)
    whole = reply.prompt_tokens and (reply.completion_tokens or not (reply.text or reply.thinking))
    return counted if whole else max(counted, bound)


class Costs:
    """Costs at one endpoint, in billionths of a USD."""

    def __init__(self, terms: Terms, target: Target) -> None:
        self.terms, self._target = terms, target
        self.overrun: int | None = None  # see `most`; None until the model has replied once in this ledger
        self.capped = terms.price is not None and bool(terms.budget.over(terms.stage))  # whether a budget limits them

    def budget(self, ledger: Ledger) -> Budget | None:
        """The stage's budget; None where requests cost nothing."""
        return Budget(ledger, self.terms.stage, self.terms.budget) if self.terms.price else None

    def tokens(self, slot: Slot) -> float:
        """Estimated tokens of prompt and reply; 4 characters of the prompt count as one token."""
        return len(slot.request.turns) / 4 + slot.request.sampling.max_tokens

    def most(self, slot: Slot) -> int:
        """Upper bound of what a request may cost."""
        if self.terms.price is None:
            return 0
        sent = len(self._target.dialect.body(slot.request).encode())
        return most(self.terms.price, sent, slot.request.sampling.max_tokens, self.overrun or 0)

    def reserve(self, slot: Slot) -> int:
        """What is set aside for a request; nothing where no budget limits them."""
        return self.most(slot) if self.capped else 0

    def of(self, slot: Slot, reply: Reply) -> int:
        """What a reply cost."""
        return charged(self.terms.price, reply, self.most(slot)) if self.terms.price else 0

    def learn(self, slot: Slot, reply: Reply) -> bool:
        """Take a reply's length into account. Returns whether requests may cost more than was thought."""
        known = self.overrun or 0
        self.overrun = max(known, reply.completion_tokens - slot.request.sampling.max_tokens)
        return self.overrun > known

    def exhausted(self, slot: Slot, answered: int) -> BudgetError:
        """The error to raise when the budget has no room for this slot."""
        with closing(Ledger(self.terms.folder)) as ledger:
            budget = Budget(ledger, self.terms.stage, self.terms.budget)
            return budget.exhausted(self.most(slot), f"{answered} answered in this pass")
