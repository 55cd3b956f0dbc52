"""A request on its way through a pass, from the incoming stream to its answers."""

from dataclasses import dataclass, field

from ultramed.inference.ask.structured import AGAIN, read
from ultramed.ledger.ledger import Ledger, LedgerEntry
from ultramed.ledger.requests import Answer, Request


@dataclass(eq=False, slots=True)
class Slot:
    """One position in the stream. It is `done` once its last answer is on disk, or will never come."""

    request: Request  # to ask now: the row's own, or its second try with what was wrong
    key: str  # of `request`
    answers: list[Answer] = field(default_factory=list)
    done: bool = False
    known: bool = True  # whether the ledger alone answered
    followers: "list[Slot]" = field(default_factory=list)  # identical requests, made while this one was in flight
    tries: float = 0.0
    answers_before: int = 0  # answers the endpoint had given when this was first sent
    failed_at: object = None  # the replica of the last failed try
    admitted: bool = False  # claimed and funded: it may be sent
    reserved: int = 0  # of the budget, in billionths of a USD

    def settle(self, entry: LedgerEntry | None, ledger: Ledger, identity: str, truncated_ok: bool) -> bool:
        """Take an entry, then that of the second try if the ledger has it. Returns whether the slot is done."""
        while entry is not None and not self.done:
            self._take(entry, identity, truncated_ok)
            entry = ledger.get([self.key]).get(self.key) if not self.done else None
        return self.done

    def _take(self, entry: LedgerEntry, identity: str, truncated_ok: bool) -> None:
        """Read a reply. Afterwards the slot is done, or `request` and `key` are those to ask next."""
        value, failure, detail = read(entry.reply, self.request.reply_type, truncated_ok)
        answer = Answer(self.request, self.key, entry.reply, value, failure, detail, entry.price_usd)
        self.answers.append(answer)
        if failure not in AGAIN or len(self.answers) > 1:
            self.done = True
            return
        self.request = self.request.again(answer.text, _complaint(detail))
        self.key, self.tries = self.request.key(identity), 0.0

    def release(self) -> int:
        """End the admission and its reservation. Returns what was reserved."""
        released, self.reserved, self.admitted = self.reserved, 0, False
        return released

    def give_up(self, failure: str, detail: str) -> None:
        self.answers.append(Answer(self.request, self.key, None, None, failure, detail))
        self.done = True


def _complaint(detail: str) -> str:
    return (f"That reply could not be used: {detail}. "
            "Reply again with nothing but the JSON object, complete and valid.")
