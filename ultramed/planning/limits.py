"""Spending limits compared with what was spent and what is planned."""

from collections.abc import Iterator
from dataclasses import dataclass

from ultramed.ledger import budget
from ultramed.ledger.ledger import Ledger
from ultramed.params import BudgetUSD
from ultramed.planning.ranges import Range, total


@dataclass(frozen=True)
class Limit:
    """One limit of `budget_usd`."""

    place: str  # dotted name in params
    usd: float
    spent_usd: float  # through this ledger, including reservations
    planned_usd: Range

    @property
    def too_low(self) -> bool:
        """Whether the planned cost may exceed what is left."""
        return self.planned_usd.high > max(0.0, self.usd - self.spent_usd)


def limits(stated: BudgetUSD, planned: dict[str, Range], ledger: Ledger | None) -> Iterator[Limit]:
    """The limits that are set. `planned` is USD by stage; a limit on `evolve` covers `evolve@medqa` and the others."""
    for name, usd in [*stated.stages.items(), ("", stated.total)]:
        if usd is not None:
            planned_usd = total(cost for stage, cost in planned.items() if name in stated.over(stage))
            place = f"budget_usd.stages.{name}" if name else "budget_usd.total"
            yield Limit(place, usd, budget.used(ledger, name) if ledger else 0.0, planned_usd)
