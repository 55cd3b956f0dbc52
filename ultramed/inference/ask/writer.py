"""The thread that writes: what has gathered while the last commit ran is committed together, replies and money alike.

A reply counts once it is on disk; until then nobody is handed it.
"""

import threading
from dataclasses import dataclass, field
from queue import SimpleQueue

from ultramed.errors import UltramedError
from ultramed.inference.ask.costs import Costs
from ultramed.inference.ask.protocols import Funds, Outcomes
from ultramed.inference.ask.slots import Slot
from ultramed.ledger.budget import Budget
from ultramed.ledger.ledger import Ledger, LedgerEntry


@dataclass
class Commit:
    """What one transaction holds. Amounts are billionths of a USD."""

    replies: list[tuple[Slot, LedgerEntry]] = field(default_factory=list)
    unfunded: list[Slot] = field(default_factory=list)  # slots that need money before they are sent
    released: int = 0
    spent: int = 0
    uncertain: int = 0  # perhaps charged

    def add(self, other: "Commit") -> None:
        self.replies += other.replies
        self.unfunded += other.unfunded
        self.released, self.spent = self.released + other.released, self.spent + other.spent
        self.uncertain += other.uncertain


class Writer:
    """Takes what is to be committed from `start` on; call `stop` when nothing more will come."""

    def __init__(self, costs: Costs, outcomes: Outcomes) -> None:
        self._costs, self._outcomes = costs, outcomes
        self._queue: SimpleQueue[Commit | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"ledger of {costs.terms.stage}", daemon=True)
        self.spent = self.uncertain = 0

    def start(self, funds: Funds) -> None:
        """Begin to commit; requests for money are answered to `funds`."""
        self._funds = funds
        self._thread.start()

    def reply(self, slot: Slot, entry: LedgerEntry, price: int) -> None:
        """A reply came; `price` in billionths of a USD."""
        self._queue.put(Commit([(slot, entry)], spent=price, released=slot.release()))

    def lost(self, slot: Slot) -> None:
        """A try has ended and nobody knows whether it will be charged for: it counts at the most it can cost."""
        self._queue.put(Commit(uncertain=self._costs.most(slot), released=slot.release()))

    def free(self, slot: Slot) -> None:
        """Nothing is asked for this slot any more, and nothing was charged."""
        self._queue.put(Commit(released=slot.release()))

    def fund(self, slots: list[Slot]) -> None:
        """Reserve the `reserved` of each, in their order."""
        self._queue.put(Commit(unfunded=slots))

    def stop(self) -> None:
        """Commit what has come; returns when it is on disk."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            ledger = Ledger(self._costs.terms.folder)
            try:
                budget = self._costs.budget(ledger)
                while self._turn(ledger, budget):
                    pass
                if budget:
                    with ledger.writing() as db:
                        budget.drop(db)
            finally:
                ledger.close()
        except BaseException as error:  # any error: whoever waits for this commit would wait forever
            self._outcomes.failed(error)
            if not isinstance(error, UltramedError):
                raise

    def _turn(self, ledger: Ledger, budget: Budget | None) -> bool:
        """One commit, whose replies are let go when it ends; False at the end."""
        if (commit := self._gather()) is None:
            return False
        self._commit(ledger, budget, commit)
        return True

    def _gather(self) -> Commit | None:
        """Everything that waits, one thing at least; None at the end."""
        commit, empty = Commit(), True
        while empty or not self._queue.empty():
            part = self._queue.get()
            if part is None:
                self._queue.put(None)
                return None if empty else commit
            commit.add(part)
            empty = False
        return commit

    def _commit(self, ledger: Ledger, budget: Budget | None, commit: Commit) -> None:
        funded = len(commit.unfunded)
        with ledger.writing() as db:
            earlier = ledger.insert(db, [entry for _, entry in commit.replies])
            if budget:
                budget.settle(db, commit.released, commit.spent, commit.uncertain)
                funded = budget.reserve(db, [slot.reserved for slot in commit.unfunded])
        self.spent, self.uncertain = self.spent + commit.spent, self.uncertain + commit.uncertain
        if commit.replies:
            self._outcomes.settled([(s, earlier.get(entry.key, entry)) for s, entry in commit.replies], ledger)
        if commit.unfunded[:funded]:
            self._funds.funded(commit.unfunded[:funded])
        if commit.unfunded[funded:]:
            self._funds.unfunded(commit.unfunded[funded:])
