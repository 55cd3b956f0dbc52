"""Cost of a rehearsed stage, from its real prompts, reply lengths in the ledger, and assumptions for the rest."""

from math import sqrt

from ultramed.ledger.ledger import Ledger
from ultramed.planning.flow import Need
from ultramed.planning.ranges import Range
from ultramed.planning.rehearse import Known, Rehearsal

ENOUGH = 20  # replies needed to trust their mean
LOOKED_AT = 20_000  # replies read from a ledger; they are ordered by hash, so this is a random sample
_SAMPLE = """
SELECT length(asked), json_extract(reply, '$.prompt_tokens'), json_extract(reply, '$.completion_tokens')
FROM (SELECT * FROM replies LIMIT ?) WHERE stage = ? AND identity = coalesce(?, identity) AND json_valid(reply)
"""


def needed(stage: str, rehearsal: Rehearsal, assumed: Need, ledger: Ledger | None, characters: float) -> Need:
    """What a rehearsed stage still has to ask of a model. `characters` is the assumed characters per prompt token, used
    until the model has read something; other unknowns come from `assumed`."""
    first, later = rehearsal.first, rehearsal.later
    own = _sample(ledger, stage, rehearsal.identity)
    seen = own if len(rehearsal.known) < ENOUGH else rehearsal.known
    if tokens := sum(reply.read for reply in seen):
        characters = sum(reply.characters for reply in seen) / tokens
    first_read = one_read = first.characters / characters
    first_written = one_written = _written([first.known, own, _sample(ledger, stage, None)], assumed)
    one_read /= max(1, first.calls)
    if later.known:
        one_read, one_written = sum(reply.read for reply in later.known) / len(later.known), _mean(later.known)
    calls = _followed(rehearsal, assumed.calls) * first.calls + later.calls
    written = (first_written * first.calls).at_most(first.most) + one_written * calls
    return Need(calls=(calls + first.calls).whole(), prompt_tokens=(calls * one_read + first_read).whole(),
                generated_tokens=written.whole())


def following(rehearsal: Rehearsal, lead: Rehearsal, assumed: Need) -> Need:
    """What a model will be asked about replies that the leading model has yet to give: at the rate of those it has
    given, else in the proportion assumed."""
    missing, known = lead.first.calls, len(lead.first.known)
    if not missing:
        return Need()
    if known < ENOUGH or not (seen := rehearsal.known):
        share = missing / (missing + known)
        return Need(calls=(assumed.calls * share).whole(), prompt_tokens=(assumed.prompt_tokens * share).whole(),
                    generated_tokens=(assumed.generated_tokens * share).whole())
    each = (len(seen) + rehearsal.first.calls + rehearsal.later.calls) / known
    error = 2 * sqrt(each / known)
    calls = Range(max(0.0, each - error), each, each + error) * missing
    return Need(calls=calls.whole(), prompt_tokens=(calls * (sum(r.read for r in seen) / len(seen))).whole(),
                generated_tokens=(calls * _mean(seen)).whole())


def _followed(rehearsal: Rehearsal, calls: Range) -> Range:
    """Requests of later passes per request of the first: from the ledger, else from the stage's assumed `calls`."""
    first, later, known = rehearsal.first, rehearsal.later, len(rehearsal.first.known)
    if known < ENOUGH:
        return Range(*(max(0.0, end / max(1, first.calls + known) - 1) for end in vars(calls).values()))
    each = (len(later.known) + later.calls) / known
    error = 2 * sqrt(each / known)
    return Range(max(0.0, each - error), each, each + error)


def _written(samples: list[list[Known]], assumed: Need) -> Range:
    """Tokens of a reply: the mean of the first large enough sample, else the assumption."""
    for replies in samples:
        if len(replies) >= ENOUGH:
            return _mean(replies)
    return assumed.generated_tokens / Range(*(max(1.0, calls) for calls in vars(assumed.calls).values()))


def _mean(replies: list[Known]) -> Range:
    """Mean reply length in tokens, plus or minus two standard errors."""
    n, mean = len(replies), sum(reply.written for reply in replies) / len(replies)
    error = 2 * sqrt(sum((reply.written - mean) ** 2 for reply in replies) / max(1, n - 1) / n)
    return Range(max(0.0, mean - error), mean, mean + error)


def _sample(ledger: Ledger | None, stage: str, identity: str | None) -> list[Known]:
    """A stage's replies in the ledger, from one model or from all."""
    return [Known(*row) for row in ledger.read(_SAMPLE, (LOOKED_AT, stage, identity))] if ledger else []
