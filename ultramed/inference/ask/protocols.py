"""Interfaces between the parts of a pass: what each may call on the part that created it."""

from typing import Protocol

from ultramed.inference.ask.slots import Slot
from ultramed.ledger.ledger import Ledger, LedgerEntry


class Outcomes(Protocol):
    """Receives the outcomes of requests from the scheduler and the writer. Implemented by `Flow`."""

    known: int  # requests that the ledger has answered
    given: int  # answers handed to the caller

    def settled(self, replies: list[tuple[Slot, LedgerEntry]], ledger: Ledger) -> None:
        """These replies are on disk. Called in the writer's thread, with the writer's ledger."""

    def given_up(self, slot: Slot, failure: str, detail: str) -> None:
        """This request gets no reply. Called in the scheduler's thread."""

    def failed(self, error: BaseException) -> None:
        """The pass cannot continue. Called in either thread."""


class Admissions(Protocol):
    """Receives the answers to requests for admission, in the writer's thread. Implemented by `Scheduler`."""

    def admitted(self, slots: list[Slot]) -> None:
        """These are claimed, and their money is reserved: they may be sent."""

    def unfunded(self, slots: list[Slot]) -> None:
        """The budget has no room for these now."""

    def elsewhere(self, slots: list[Slot], owner: str) -> None:
        """Other runs, one of them `owner`, ask for these now."""

    def bought_elsewhere(self, slots: list[Slot]) -> None:
        """The ledger has replies to these by now: another run bought them."""
