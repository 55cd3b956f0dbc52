"""The thread that writes: what has gathered while the last commit ran is committed together, replies and money alike.

A reply counts once it is on disk; until then nobody is handed it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue

from ultramed.errors import UltramedError
from ultramed.inference.ask.slots import Slot
from ultramed.ledger.budget import Budget
from ultramed.ledger.ledger import Entry, Ledger


@dataclass
class Batch:
    """What one transaction holds."""

    replies: list[tuple[Slot, Entry]] = field(default_factory=list)
    wanting: list[Slot] = field(default_factory=list)  # money, to be sent
    released: int = 0  # billionths of a USD, as the next two
    spent: int = 0
    uncertain: int = 0

    def add(self, other: "Batch") -> None:
        self.replies += other.replies
        self.wanting += other.wanting
        self.released, self.spent = self.released + other.released, self.spent + other.spent
        self.uncertain += other.uncertain


@dataclass(frozen=True)
class Listeners:
    """Called in the writer's thread, after the commit."""

    settled: Callable[[list[tuple[Slot, Entry]], Ledger], None]
    funded: Callable[[list[Slot]], None]  # may be sent
    unfunded: Callable[[list[Slot]], None]  # the budget has no room for them now
    failed: Callable[[BaseException], None]


class Writer:
    """Use `stop` when nothing more will come."""

    def __init__(self, folder: Path, stage: str, budget: Callable[[Ledger], Budget | None], on: Listeners) -> None:
        self._folder, self._make_budget, self._on = folder, budget, on
        self._queue: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"ledger of {stage}", daemon=True)
        self.spent = self.uncertain = 0
        self._thread.start()

    def reply(self, slot: Slot, entry: Entry, price: int) -> None:
        """A reply came; `price` in billionths of a USD."""
        self._queue.put(Batch([(slot, entry)], spent=price, released=slot.unreserve()))

    def lost(self, slot: Slot, most: int) -> None:
        """A try has ended and nobody knows whether it will be charged for: it counts at the most it can cost."""
        self._queue.put(Batch(uncertain=most, released=slot.unreserve()))

    def free(self, slot: Slot) -> None:
        """Nothing is asked for this slot any more, and nothing was charged."""
        self._queue.put(Batch(released=slot.unreserve()))

    def fund(self, slots: list[Slot]) -> None:
        """Reserve the `reserved` of each, in their order."""
        self._queue.put(Batch(wanting=slots))

    def stop(self) -> None:
        """Commit what is there; returns when it is on disk."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            ledger = Ledger(self._folder)
            try:
                budget = self._make_budget(ledger)
                while self._turn(ledger, budget):
                    pass
                if budget:
                    with ledger.writing() as db:
                        budget.drop(db)
            finally:
                ledger.close()
        except BaseException as error:  # whatever it is: those who wait for the commit would wait for ever
            self._on.failed(error)
            if not isinstance(error, UltramedError):
                raise

    def _turn(self, ledger: Ledger, budget: Budget | None) -> bool:
        """One commit, whose replies are let go when it ends; False at the end."""
        if (batch := self._gather()) is None:
            return False
        self._commit(ledger, budget, batch)
        return True

    def _gather(self) -> Batch | None:
        """Everything that waits, one thing at least; None at the end."""
        batch, empty = Batch(), True
        while empty or not self._queue.empty():
            came = self._queue.get()
            if came is None:
                self._queue.put(None)
                return None if empty else batch
            batch.add(came)
            empty = False
        return batch

    def _commit(self, ledger: Ledger, budget: Budget | None, batch: Batch) -> None:
        funded = len(batch.wanting)
        with ledger.writing() as db:
            earlier = ledger.insert(db, [entry for _, entry in batch.replies])
            if budget:
                budget.settle(db, batch.released, batch.spent, batch.uncertain)
                funded = budget.reserve(db, [slot.reserved for slot in batch.wanting])
        self.spent, self.uncertain = self.spent + batch.spent, self.uncertain + batch.uncertain
        if batch.replies:
            self._on.settled([(slot, earlier.get(entry.key, entry)) for slot, entry in batch.replies], ledger)
        if batch.wanting[:funded]:
            self._on.funded(batch.wanting[:funded])
        if batch.wanting[funded:]:
            self._on.unfunded(batch.wanting[funded:])
