"""What the requests of a pass may cost, and what they did."""

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
    """Who asks which model, at what price."""

    model: str  # its name in params
    stage: str
    identity: str  # of the model
    concurrency: int  # of all replicas together
    open_target: Callable[[], Target]  # starts the server of a local model
    price: Price | None  # None for a local model
    budget: BudgetUSD
    folder: Path  # of the ledger


class Costs:
    """Costs at one endpoint. Amounts of money are billionths of a USD."""

    def __init__(self, terms: Terms, target: Target) -> None:
        self.terms, self._target = terms, target
        self.capped = terms.price is not None and bool(terms.budget.over(terms.stage))  # a budget limits them

    def budget(self, ledger: Ledger) -> Budget | None:
        """The stage's budget; None where requests cost nothing."""
        return Budget(ledger, self.terms.stage, self.terms.budget) if self.terms.price else None

    def tokens(self, slot: Slot) -> float:
        """Tokens that a request may take, prompt and reply: 4 characters of the prompt count as one."""
        return len(slot.request.turns) / 4 + slot.request.sampling.max_tokens

    def most(self, slot: Slot) -> int:
        """Upper bound of what a request may cost: a token is a byte at least, and what frames a turn in JSON is longer
        than what frames it in a chat template."""
        if self.terms.price is None:
            return 0
        sent = len(wire.body(slot.request, self._target.model, self._target.mode).encode())
        return nano(self.terms.price, sent, slot.request.sampling.max_tokens)

    def of(self, slot: Slot, reply: Reply) -> int:
        """What a reply cost; the upper bound where the endpoint does not count the prompt's tokens."""
        if self.terms.price and not reply.prompt_tokens:
            return self.most(slot)
        return nano(self.terms.price, reply.prompt_tokens, reply.completion_tokens)

    def exhausted(self, slot: Slot, answered: int) -> BudgetError:
        """The error where the budget has no room for this slot."""
        with closing(Ledger(self.terms.folder)) as ledger:
            budget = Budget(ledger, self.terms.stage, self.terms.budget)
            return budget.exhausted(self.most(slot), f"{answered} answered in this pass")
