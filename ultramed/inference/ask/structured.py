"""Reading replies: pure functions from text to a value, or to the reason why there is none.

An unreadable reply never becomes a value.
"""

import json
import math
import re
from typing import Any

from pydantic import BaseModel, ValidationError

from ultramed.ledger.requests import Reply

AGAIN = ("unreadable", "invalid")  # failures after which the model is told what was wrong and asked once more
_FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)
_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(\s*[}\]])', re.DOTALL)  # skips strings
_REFUSAL = re.compile(
    r"^\W*(?:i['’]?m (?:sorry|unable)|i am (?:sorry|unable)|sorry,|i can(?:['’]?t|not) (?:assist|help|provide|answer)"
    r"|as an ai\b)",
    re.IGNORECASE,
)


def read(reply: Reply, kind: type[BaseModel] | None, truncated_ok: bool = False) -> tuple[Any, str, str]:
    """(value, failure, detail) of a reply. Exactly one of value and failure is set; free text is its own value.

    Failures: empty, truncated (the token limit cut it), refused, unreadable (no JSON), invalid (JSON of another
    shape: a score out of range, a missing candidate, a repeated rank).
    """
    if not reply.text.strip():
        return None, "empty", "the reply holds no text"
    if reply.finish_reason == "length" and not truncated_ok:
        return None, "truncated", f"cut at {reply.completion_tokens} tokens"
    if reply.finish_reason == "content_filter" or (kind is None and _REFUSAL.match(reply.text)):
        return None, "refused", "the model declined to answer"
    if kind is None:
        return reply.text.strip(), "", ""
    return _read_json(reply.text, kind)


def _read_json(text: str, kind: type[BaseModel]) -> tuple[Any, str, str]:
    value = find_object(text)
    if value is None:
        return None, "unreadable", f"expected one JSON object, found {len(text)} characters without one"
    try:
        return kind.model_validate(value), "", ""
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or kind.__name__
        return None, "invalid", f"{where}: {first['msg']}"


def find_object(text: str) -> dict[str, Any] | None:
    """The JSON object in a reply: bare, in a code fence, or after some words. Commas before a closing bracket are
    tolerated; nothing is guessed or completed."""
    if fenced := _FENCE.match(text):
        text = fenced[1]
    return _first_object(text) or _first_object(_COMMA.sub(lambda match: match[1] or match[2], text))


def _first_object(text: str) -> dict[str, Any] | None:
    decoder = json.JSONDecoder(strict=False)  # models put raw newlines into strings
    start = text.find("{")
    while start >= 0:
        try:
            value, _ = decoder.raw_decode(text, start)
            return value if isinstance(value, dict) else None
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated string"):
                return None  # cut off: the rest is inside that string
            start = text.find("{", max(error.pos, start + 1))  # never inside the part of a broken object that was read
    return None


def expected_digit(logprobs: dict[str, float]) -> float | None:
    """Expected value of a digit token 0 to 9 under its log-probabilities, normalised over the digits given; None
    if there is no digit."""
    weights = {int(token): math.exp(p) for token, p in logprobs.items() if len(token) == 1 and token in "0123456789"}
    total = sum(weights.values())
    return sum(d * w for d, w in weights.items()) / total if total > 0 else None
