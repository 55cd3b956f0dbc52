"""What a rehearsed stage costs: its real prompts, replies as long as those in the ledger, assumptions for the rest."""

from dataclasses import dataclass
from math import sqrt

from ultramed.ledger.ledger import Ledger
from ultramed.planning.assumptions import Assumptions
from ultramed.planning.flow import Ask
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


def assumed(asks: list[Ask]) -> Needed:
    """What a stage asks by assumptions alone."""
    return Needed(total(a.calls for a in asks), total(a.calls * a.prompt for a in asks).whole(),
                  total(a.calls * a.generated for a in asks).whole())


class Measured:
    """Turns a rehearsal into needs; `asks` is what the same stage was assumed to ask."""

    def __init__(self, ledger: Ledger | None, assumptions: Assumptions) -> None:
        self._ledger, self._assumptions = ledger, assumptions

    def needed(self, stage: str, rehearsal: Rehearsal, asks: list[Ask]) -> Needed:
        """Calls and tokens of a rehearsed stage."""
        first = rehearsal.first
        later = self._follow(rehearsal, asks) * first.calls + rehearsal.later.calls
        first_read = first.characters / self._characters_a_token(stage, rehearsal)
        first_written = self._written(stage, rehearsal, asks)
        if (known := rehearsal.known_later).written:
            one_read, one_written = known.prompt_tokens / len(known.written), known.mean()
        else:
            one_read, one_written = first_read / max(1, first.calls), first_written
        written = (first_written * first.calls).at_most(first.most) + one_written * later
        return Needed((later + first.calls).whole(), (later * one_read + first_read).whole(), written.whole())

    def _follow(self, rehearsal: Rehearsal, asks: list[Ask]) -> Range:
        """Requests of later passes for each of the first."""
        if (followed := rehearsal.followed) is not None:
            error = 2 * sqrt(followed / len(rehearsal.known_first.written))
            return Range(max(0.0, followed - error), followed, followed + error)
        began = rehearsal.first.calls + len(rehearsal.known_first.written)
        calls = assumed(asks).calls / max(1, began)
        return Range(*(max(0.0, times - 1) for times in vars(calls).values()))

    def _characters_a_token(self, stage: str, rehearsal: Rehearsal) -> float:
        """Of prompts, as JSON; the model's own tokens where it has read enough."""
        first, later = rehearsal.known_first, rehearsal.known_later
        known = Replies(first.prompt_characters + later.prompt_characters, first.prompt_tokens + later.prompt_tokens)
        if rehearsal.known < ENOUGH:
            known = self._sample(stage, rehearsal.identity)
        if known.prompt_tokens:
            return known.prompt_characters / known.prompt_tokens
        return self._assumptions.rate("tokens.characters").expected

    def _written(self, stage: str, rehearsal: Rehearsal, asks: list[Ask]) -> Range:
        """Tokens of a reply: of this model in this stage, else of others in it, else as assumed."""
        for replies in (rehearsal.known_first, self._sample(stage, rehearsal.identity), self._sample(stage, None)):
            if len(replies.written) >= ENOUGH:
                return replies.mean()
        need = assumed(asks)
        return need.generated_tokens / Range(*(max(1.0, calls) for calls in vars(need.calls).values()))

    def _sample(self, stage: str, identity: str | None) -> Replies:
        replies = Replies()
        rows = self._ledger.read(_SAMPLE, (LOOKED_AT, stage, identity)) if self._ledger else ()
        for characters, read, written in rows:
            replies.prompt_characters += characters
            replies.prompt_tokens += read
            replies.written.append(written)
        return replies
