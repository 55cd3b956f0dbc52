"""Slots that wait until they may be sent: claimed, and paid for. Runs in the scheduler's event loop."""

from collections import deque
from collections.abc import Iterable

from ultramed.inference.ask.costs import Costs
from ultramed.inference.ask.slots import Slot
from ultramed.inference.ask.writer import Writer


class AdmissionQueue:
    """Asks the writer to claim slots and to reserve their money, for no more of them than may be in flight: what is
    still reserved when this process is killed counts as spent, and replies wait where the disk is slow."""

    def __init__(self, writer: Writer, costs: Costs) -> None:
        self._writer, self._costs = writer, costs
        self._waiting: deque[Slot] = deque()
        self._requested = 0  # slots that the writer has not answered yet

    @property
    def idle(self) -> bool:
        """Whether no answer from the writer is pending."""
        return not self._requested

    def add(self, slot: Slot) -> None:
        self._waiting.append(slot)

    def request(self, room: int) -> bool:
        """Ask for up to `room` slots, counting those already asked for. Returns whether any was asked for."""
        slots = [self._waiting.popleft() for _ in range(min(room - self._requested, len(self._waiting)))]
        for slot in slots:
            slot.reserved = self._costs.reserve(slot)
        if slots:
            self._requested += len(slots)
            self._writer.admit(slots)
        return bool(slots)

    def admitted(self, slots: list[Slot]) -> list[Slot]:
        """Those of the slots that may be sent; the others need more money by now, and wait again."""
        self._requested -= len(slots)
        for slot in slots:
            slot.admitted = True
        return self.affordable(slots)

    def affordable(self, slots: Iterable[Slot]) -> list[Slot]:
        """Those of the slots whose reservation still covers them. The others give it back and wait again."""
        covered = []
        for slot in slots:
            if slot.reserved >= self._costs.reserve(slot):
                covered.append(slot)
            else:
                self._writer.free(slot)
                self._waiting.append(slot)
        return covered

    def unfunded(self, slots: list[Slot]) -> None:
        """Queue them again: money comes back when replies cost less than their upper bound."""
        self.not_admitted(slots)
        self._waiting.extendleft(reversed(slots))

    def not_admitted(self, slots: list[Slot]) -> None:
        """Stop waiting for the writer's answer about these."""
        self._requested -= len(slots)
        for slot in slots:
            slot.release()
