"""Slots that wait for money before they may be sent. Lives in the scheduler's event loop."""

from collections import deque
from collections.abc import Callable

from ultramed.inference.ask.slots import Slot
from ultramed.inference.ask.writer import Writer


class Purse:
    """Asks the writer for money, ahead by no more than what may be in flight: what a crash leaves reserved counts as
    spent."""

    def __init__(self, writer: Writer, most: Callable[[Slot], int]) -> None:
        self._writer, self._most = writer, most
        self._waiting: deque[Slot] = deque()
        self._asked = 0

    @property
    def idle(self) -> bool:
        """No answer of the writer's is under way."""
        return not self._asked

    def add(self, slot: Slot) -> None:
        self._waiting.append(slot)

    def ask(self, room: int) -> bool:
        """Ask for the money of so many slots, those already asked for included; whether there was one to ask for."""
        slots = [self._waiting.popleft() for _ in range(min(room - self._asked, len(self._waiting)))]
        for slot in slots:
            slot.reserved = self._most(slot)
        if slots:
            self._asked += len(slots)
            self._writer.fund(slots)
        return bool(slots)

    def paid(self, slots: list[Slot]) -> None:
        self._asked -= len(slots)

    def unpaid(self, slots: list[Slot]) -> None:
        """There is none for them now; it comes back when replies cost less than they might have."""
        self._asked -= len(slots)
        for slot in slots:
            slot.unreserve()
        self._waiting.extendleft(reversed(slots))
