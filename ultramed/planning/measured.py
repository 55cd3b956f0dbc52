"""What a rehearsed stage costs: its real prompts, replies as long as those that are there, assumptions for the rest."""

from dataclasses import dataclass
from math import sqrt

from ultramed.ledger.ledger import Ledger
from ultramed.planning.asking import Ask
from ultramed.planning.assumptions import Book
from ultramed.planning.ranges import Range, total
from ultramed.planning.rehearse import ENOUGH, Rehearsal, Replies

LOOKED_AT = 20_000  # replies of a ledger; its order is that of hashes, so these are drawn at random
_SAMPLE = """
SELECT length(asked), json_extract(reply, '$.prompt_tokens'), json_extract(reply, '$.completion_tokens')
FROM (SELECT * FROM replies LIMIT ?) WHERE stage = ? AND identity = coalesce(?, identity) AND json_valid(reply)
"""


@dataclass(frozen=True)
class Needed:
    """What is still to be asked."""

    calls: Range
    prompt_tokens: Range
    generated_tokens: Range


class Measured:
    """Turns a rehearsal into needs; `asks` is what the same stage was assumed to ask."""

    def __init__(self, ledger: Ledger | None, book: Book) -> None:
        self._ledger, self._book = ledger, book

    def needed(self, stage: str, found: Rehearsal, asks: list[Ask]) -> Needed:
        follow = self._follow(found, asks)
        later = follow * found.first.calls + found.later.calls
        first_read = found.first.characters / self._characters_a_token(stage, found)
        first_written = self._written(stage, found, asks)
        one_read, one_written = self._later(found, first_read, first_written)
        written = (first_written * found.first.calls).at_most(found.first.most) + one_written * later
        return Needed((later + found.first.calls).whole(), (later * one_read + first_read).whole(), written.whole())

    def _follow(self, found: Rehearsal, asks: list[Ask]) -> Range:
        """Requests of later passes for each of the first."""
        if found.followed is not None:
            error = 2 * sqrt(found.followed / len(found.known_first.written))
            return Range(max(0.0, found.followed - error), found.followed, found.followed + error)
        began = found.first.calls + len(found.known_first.written)
        calls = total(a.calls for a in asks) / max(1, began)
        return Range(*(max(0.0, times - 1) for times in vars(calls).values()))

    def _characters_a_token(self, stage: str, found: Rehearsal) -> float:
        """Of prompts, as JSON; the model's own tokens where it has read enough."""
        known = Replies(found.known_first.prompt_characters + found.known_later.prompt_characters,
                        found.known_first.prompt_tokens + found.known_later.prompt_tokens)
        if found.known < ENOUGH:
            known = self._sample(stage, found.identity)
        if known.prompt_tokens:
            return known.prompt_characters / known.prompt_tokens
        return self._book.rate("tokens.characters").expected

    def _written(self, stage: str, found: Rehearsal, asks: list[Ask]) -> Range:
        """Tokens of a reply: of this model in this stage, else of others in it, else as assumed."""
        for replies in (found.known_first, self._sample(stage, found.identity), self._sample(stage, None)):
            if len(replies.written) >= ENOUGH:
                return replies.mean()
        calls = total(a.calls for a in asks)
        return total(a.generated * a.calls for a in asks) / Range(*(max(1.0, c) for c in vars(calls).values()))

    def _later(self, found: Rehearsal, first_read: float, first_written: Range) -> tuple[float, Range]:
        """Tokens that a request of a later pass reads, and writes."""
        known = found.known_later
        if known.written:
            return known.prompt_tokens / len(known.written), known.mean()
        return first_read / max(1, found.first.calls), first_written

    def _sample(self, stage: str, identity: str | None) -> Replies:
        found = Replies()
        rows = self._ledger.read(_SAMPLE, (LOOKED_AT, stage, identity)) if self._ledger else ()
        for characters, read, written in rows:
            found.prompt_characters += characters
            found.prompt_tokens += read
            found.written.append(written)
        return found

