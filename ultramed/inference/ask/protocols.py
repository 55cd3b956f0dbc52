"""How the parts of a pass speak to each other: what each may call of the part that made it."""

from typing import Protocol

from ultramed.inference.ask.slots import Slot
from ultramed.ledger.ledger import Ledger, LedgerEntry


class Outcomes(Protocol):
    """Where the scheduler and the writer report what became of requests. `Flow` is one."""

    known: int  # requests that the ledger has answered
    given: int  # answers handed to the caller

    def settled(self, replies: list[tuple[Slot, LedgerEntry]], ledger: Ledger) -> None:
        """These replies are on disk. Called in the writer's thread, with the writer's ledger."""

    def given_up(self, slot: Slot, failure: str, detail: str) -> None:
        """This request gets no reply. Called in the scheduler's thread."""

    def failed(self, error: BaseException) -> None:
        """The pass cannot go on. Called in either thread."""


class Funds(Protocol):
    """Where the writer answers a request for money, in its own thread. `Scheduler` is one."""

    def funded(self, slots: list[Slot]) -> None:
        """Money is reserved for these: they may be sent."""

    def unfunded(self, slots: list[Slot]) -> None:
        """The budget has no room for these now."""
