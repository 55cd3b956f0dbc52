"""The thread that writes: replies and money that arrive during one commit go into the next, in one transaction.

A reply is handed out only once it is on disk.
"""

import sqlite3
import sys
import threading
from dataclasses import dataclass, field
from queue import SimpleQueue

from ultramed.errors import UltramedError
from ultramed.inference.ask.costs import Costs
from ultramed.inference.ask.protocols import Admissions, Outcomes
from ultramed.inference.ask.slots import Slot
from ultramed.ledger.budget import Budget, note_overrun, overrun
from ultramed.ledger.claims import Claims
from ultramed.ledger.ledger import Ledger, LedgerEntry


@dataclass
class Commit:
    """The contents of one transaction. Amounts are billionths of a USD."""

    replies: list[tuple[Slot, LedgerEntry]] = field(default_factory=list)
    waiting: list[Slot] = field(default_factory=list)  # slots to be claimed and funded before they are sent
    freed: list[str] = field(default_factory=list)  # keys that are no longer asked for
    released: int = 0
    spent: int = 0
    uncertain: int = 0  # may have been charged

    def add(self, other: "Commit") -> None:
        self.replies += other.replies
        self.waiting += other.waiting
        self.freed += other.freed
        self.released, self.spent = self.released + other.released, self.spent + other.spent
        self.uncertain += other.uncertain


@dataclass
class Admission:
    """What became of slots that wait to be sent: see `protocols.Admissions`."""

    admitted: list[Slot] = field(default_factory=list)
    unfunded: list[Slot] = field(default_factory=list)
    elsewhere: list[Slot] = field(default_factory=list)
    owner: str = ""  # of one of these
    bought: list[tuple[Slot, LedgerEntry]] = field(default_factory=list)


class Writer:
    """Commits what it is given, from `start` on; call `stop` when nothing more will come."""

    def __init__(self, costs: Costs, outcomes: Outcomes) -> None:
        self._costs, self._outcomes = costs, outcomes
        self._queue: SimpleQueue[Commit | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"ledger of {costs.terms.stage}", daemon=True)
        self.spent = self.uncertain = 0

    def start(self, admissions: Admissions) -> None:
        """Begin to commit; answers to requests for admission go to `admissions`."""
        self._admissions = admissions
        self._thread.start()

    def reply(self, slot: Slot, entry: LedgerEntry, price: int) -> None:
        """Record a reply; `price` is in billionths of a USD."""
        self._queue.put(Commit([(slot, entry)], spent=price, released=slot.release()))

    def lost(self, slot: Slot) -> None:
        """Record a try that may or may not be charged for: it counts at the most it can cost."""
        self._queue.put(Commit(uncertain=self._costs.most(slot), released=slot.release()))

    def free(self, slot: Slot) -> None:
        """Release a slot that will not be sent again and was not charged."""
        self._queue.put(Commit(freed=[slot.key], released=slot.release()))

    def admit(self, slots: list[Slot]) -> None:
        """Claim each slot and reserve its `reserved` amount, in order."""
        self._queue.put(Commit(waiting=slots))

    def stop(self) -> None:
        """Commit everything received; returns when it is on disk."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            ledger = Ledger(self._costs.terms.folder)
            try:
                claims, budget = Claims(ledger), self._costs.budget(ledger)
                if ledger.remote:
                    print(f"  {ledger.path}: is on {ledger.remote}, a network file system; writing is slower, and only "
                          "one machine can use it at a time", file=sys.stderr, flush=True)
                while self._turn(ledger, claims, budget):
                    pass
                with ledger.writing() as db:
                    claims.drop(db)
                    if budget:
                        budget.drop(db)
            finally:
                ledger.close()
        except BaseException as error:  # any error, or the caller would wait for this commit forever
            self._outcomes.failed(error)
            if not isinstance(error, UltramedError):
                raise

    def _turn(self, ledger: Ledger, claims: Claims, budget: Budget | None) -> bool:
        """Make one commit, whose replies are freed on return; False at the end."""
        if (commit := self._gather()) is None:
            return False
        self._commit(ledger, claims, budget, commit)
        return True

    def _gather(self) -> Commit | None:
        """Everything queued, at least one item; None at the end."""
        commit, empty = Commit(), True
        while empty or not self._queue.empty():
            part = self._queue.get()
            if part is None:
                self._queue.put(None)
                return None if empty else commit
            commit.add(part)
            empty = False
        return commit

    def _commit(self, ledger: Ledger, claims: Claims, budget: Budget | None, commit: Commit) -> None:
        with ledger.writing() as db:
            earlier = ledger.insert(db, [entry for _, entry in commit.replies])
            claims.release(db, [*(entry.key for _, entry in commit.replies), *commit.freed])
            if budget:
                budget.settle(db, commit.released, commit.spent, commit.uncertain)
                self._share_overrun(db)
            admission = _admit(db, ledger, claims, budget, commit.waiting)
        self.spent, self.uncertain = self.spent + commit.spent, self.uncertain + commit.uncertain
        self._announce(admission)
        settled = [(slot, earlier.get(entry.key, entry)) for slot, entry in commit.replies] + admission.bought
        if settled:
            self._outcomes.settled(settled, ledger)

    def _announce(self, admission: Admission) -> None:
        if admission.admitted:
            self._admissions.admitted(admission.admitted)
        if admission.unfunded:
            self._admissions.unfunded(admission.unfunded)
        if admission.elsewhere:
            self._admissions.elsewhere(admission.elsewhere, admission.owner)
        if admission.bought:
            self._admissions.bought_elsewhere([slot for slot, _ in admission.bought])

    def _share_overrun(self, db: sqlite3.Connection) -> None:
        """What this process has learnt of the length of replies, and others that use the ledger."""
        identity, known = self._costs.terms.identity, self._costs.overrun
        stored = overrun(db, identity)
        if known is not None and known != stored:
            note_overrun(db, identity, known)
        if stored is not None and stored >= (known or 0):
            self._costs.overrun = stored


def _admit(
    db: sqlite3.Connection, ledger: Ledger, claims: Claims, budget: Budget | None, slots: list[Slot]
) -> Admission:
    """Claim and fund slots, in order, that nobody else has bought or asks for."""
    admission = Admission()
    if not slots:
        return admission
    bought, others = ledger.get(slot.key for slot in slots), claims.of_others(db, (slot.key for slot in slots))
    for slot in slots:
        if slot.key in bought:
            admission.bought.append((slot, bought[slot.key]))
        elif slot.key in others:
            admission.elsewhere.append(slot)
            admission.owner = others[slot.key]
        else:
            admission.admitted.append(slot)
    if budget:
        funded = budget.reserve(db, [slot.reserved for slot in admission.admitted])
        admission.admitted, admission.unfunded = admission.admitted[:funded], admission.admitted[funded:]
    claims.claim(db, (slot.key for slot in admission.admitted))
    return admission
