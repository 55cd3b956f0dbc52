"""What the requests of a pass may cost, and what they did cost."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ultramed.errors import BudgetError
from ultramed.inference.ask.slots import Slot
from ultramed.inference.http import wire
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


class Costs:
    """Costs at one endpoint, in billionths of a USD."""

    def __init__(self, terms: Terms, target: Target) -> None:
        self.terms, self._target = terms, target
        self.capped = terms.price is not None and bool(terms.budget.over(terms.stage))  # whether a budget limits them

    def budget(self, ledger: Ledger) -> Budget | None:
        """The stage's budget; None where requests cost nothing."""
        return Budget(ledger, self.terms.stage, self.terms.budget) if self.terms.price else None

    def tokens(self, slot: Slot) -> float:
        """Estimated tokens of prompt and reply; 4 characters of the prompt count as one token."""
        return len(slot.request.turns) / 4 + slot.request.sampling.max_tokens

    def most(self, slot: Slot) -> int:
        """Upper bound on the cost of a request: a token is at least one byte, and JSON adds more bytes around a turn
        than a chat template does."""
        if self.terms.price is None:
            return 0
        sent = len(wire.body(slot.request, self._target.model, self._target.mode).encode())
        return nano(self.terms.price, sent, slot.request.sampling.max_tokens)

    def of(self, slot: Slot, reply: Reply) -> int:
        """What a reply cost; the upper bound if the endpoint reports no prompt tokens."""
        if self.terms.price and not reply.prompt_tokens:
            return self.most(slot)
        return nano(self.terms.price, reply.prompt_tokens, reply.completion_tokens)

    def exhausted(self, slot: Slot, answered: int) -> BudgetError:
        """The error to raise when the budget has no room for this slot."""
        with closing(Ledger(self.terms.folder)) as ledger:
            budget = Budget(ledger, self.terms.stage, self.terms.budget)
            return budget.exhausted(self.most(slot), f"{answered} answered in this pass")
