"""A request on its way through the layer, from the stream it came in to the answers that go out."""

from dataclasses import dataclass, field

from ultramed.inference.ask.structured import AGAIN, read
from ultramed.ledger.ledger import Ledger, LedgerEntry
from ultramed.ledger.requests import Answer, Request


@dataclass(eq=False, slots=True)
class Slot:
    """One place in the stream. It is `done` once its last answer counts: is on disk, or will never come."""

    request: Request  # asked now: the row's own, or the same once more with what was wrong
    key: str  # of that request
    answers: list[Answer] = field(default_factory=list)
    done: bool = False
    known: bool = True  # the ledger alone answered
    followers: "list[Slot]" = field(default_factory=list)  # the same request, made while this one was in flight
    tries: float = 0.0
    answers_before: int = 0  # answers the endpoint had given to others when this was first tried
    failed_at: object = None  # the replica that did not answer last
    reserved: int = 0  # of the budget, in billionths of a USD

    def settle(self, entry: LedgerEntry | None, ledger: Ledger, identity: str, truncated_ok: bool) -> bool:
        """Take an entry, and then that of the second try, as far as the ledger has them. Returns whether the slot is
        done."""
        while entry is not None and not self.done:
            self._take(entry, identity, truncated_ok)
            entry = ledger.get([self.key]).get(self.key) if not self.done else None
        return self.done

    def _take(self, entry: LedgerEntry, identity: str, truncated_ok: bool) -> None:
        """Read a reply that counts. Afterwards the slot is done, or `request` and `key` are those to be asked next."""
        value, failure, detail = read(entry.reply, self.request.reply_type, truncated_ok)
        answer = Answer(self.request, self.key, entry.reply, value, failure, detail, entry.price_usd)
        self.answers.append(answer)
        if failure not in AGAIN or len(self.answers) > 1:
            self.done = True
            return
        self.request = self.request.again(answer.text, _complaint(detail))
        self.key, self.tries = self.request.key(identity), 0.0

    def release(self) -> int:
        """The reservation, which ends."""
        released, self.reserved = self.reserved, 0
        return released

    def give_up(self, failure: str, detail: str) -> None:
        self.answers.append(Answer(self.request, self.key, None, None, failure, detail))
        self.done = True


def _complaint(detail: str) -> str:
    return (f"That reply could not be used: {detail}. "
            "Reply again with nothing but the JSON object, complete and valid.")
