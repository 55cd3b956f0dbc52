"""Reading replies: pure functions from text to a value, or to the reason why there is none.

An unreadable reply never becomes a value.
"""

import math
from typing import Any

from pydantic import BaseModel, ValidationError

from ultramed import thinking
from ultramed.inference.ask.json_reply import find_object, shaped
from ultramed.inference.ask.refusals import is_refusal
from ultramed.inference.finish import ending
from ultramed.ledger.requests import Reply

AGAIN = ("unreadable", "invalid")  # failures after which the model is asked once more, with what was wrong


def read(reply: Reply, kind: type[BaseModel] | None, truncated_ok: bool = False) -> tuple[Any, str, str]:
    """(value, failure, detail) of a reply; exactly one of value and failure is set. Free text is its own value, without
    thinking.

    Failures: empty; truncated (by the token limit, or in the middle of thinking); refused; unfinished (the endpoint
    broke off); unreadable (no JSON); invalid (JSON of another shape: a score out of range, a missing candidate, a
    repeated rank).
    """
    end, (thoughts, text, closed) = ending(reply.finish_reason), thinking.split(reply.text)
    thought_only = not text.strip() and bool(reply.thinking or thoughts)
    if end == "failed":
        return None, "unfinished", f"the reply ended with '{reply.finish_reason}'"
    if end == "refused":
        return None, "refused", "the model declined to answer"
    if not closed:
        return None, "truncated", f"its thinking does not end; cut at {reply.completion_tokens} tokens"
    if end == "truncated" and (thought_only or not truncated_ok):
        return None, "truncated", f"cut at {reply.completion_tokens} tokens"
    if not text.strip():
        return None, "empty", "the reply holds thinking alone" if thought_only else "the reply holds no text"
    if kind is None:
        return (None, "refused", "the model declined to answer") if is_refusal(text) else (text.strip(), "", "")
    return _read_json(text, kind)


def _read_json(text: str, kind: type[BaseModel]) -> tuple[Any, str, str]:
    value = find_object(text)
    if value is None:
        if is_refusal(text):
            return None, "refused", "the model declined to answer"
        return None, "unreadable", f"expected one JSON object, found {len(text)} characters without one"
    try:
        return shaped(value, kind), "", ""
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or kind.__name__
        return None, "invalid", f"{where}: {first['msg']}"


def expected_digit(logprobs: dict[str, float]) -> float | None:
    """Expected value of a digit token 0 to 9 under its log-probabilities, normalised over the digits given; None
    if there is no digit."""
    weights = {int(token): math.exp(p) for token, p in logprobs.items() if len(token) == 1 and token in "0123456789"}
    total = sum(weights.values())
    return sum(d * w for d, w in weights.items()) / total if total > 0 else None
