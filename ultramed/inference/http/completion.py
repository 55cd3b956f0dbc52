"""A chat completion as it comes over the line: the reply in it, or the error."""

import json
from typing import Any

from ultramed.inference.finish import ending
from ultramed.inference.http import usage
from ultramed.ledger.requests import Reply

# raised by a body that is no completion
MALFORMED = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)
_STATUS = {  # of an error that came with status 200, by what its code or type holds
    "insufficient_quota": 402, "credit": 402, "billing": 402,
    "rate_limit": 429, "ratelimit": 429, "too_many": 429, "exhausted": 429, "throttl": 429, "quota": 429,
    "overload": 503, "unavailable": 503, "capacity": 503, "timeout": 504, "auth": 401, "api_key": 401,
    "permission": 403, "moderation": 451, "content": 451, "safety": 451, "policy": 451, "flagged": 451,
    "context_length": 400, "invalid": 400, "bad_request": 400, "unsupported": 400, "not_found": 404,
}
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks", "thought")
_THOUGHT_PARTS = ("thinking", "reasoning", "thought", "redacted_thinking")


class Malformed(Exception):
    """A body that is no chat completion."""


class ErrorInside(Exception):
    """An error in the body of an answer with status 200, in one of its choices, or by its finish reason."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status, self.said = status, said


def reply(raw: bytes | str) -> Reply:
    """The reply in the body of a chat completion. Raises Malformed and ErrorInside."""
    try:
        return of_completion(json.loads(raw))
    except MALFORMED as error:
        raise Malformed(f"a body that is no chat completion, {type(error).__name__}: {error}") from None


def of_completion(completion: dict[str, Any]) -> Reply:
    """The reply in a chat completion. Raises one of MALFORMED where it is none, ErrorInside where it is an error."""
    if error := completion.get("error"):
        raise _error(error)
    choice = completion["choices"][0]
    reason = _reason(choice)
    if error := choice.get("error"):
        raise _error(error)
    if ending(reason) == "failed":
        raise ErrorInside(502, f"the reply ended with '{reason}'")
    message = choice["message"]
    text, thoughts = _content(message.get("content"))
    if refusal := message.get("refusal"):
        text, reason = text or str(refusal), "refusal"
    prompt_tokens, completion_tokens = usage.tokens(completion)
    logprobs = (choice.get("logprobs") or {}).get("content") or []
    return Reply(
        text=_encodable(text), finish_reason=_encodable(reason), model=_encodable(str(completion.get("model") or "")),
        prompt_tokens=prompt_tokens, completion_tokens=completion_tokens,
        logprobs=[{_encodable(a["token"]): round(a["logprob"], 6) for a in t["top_logprobs"]} for t in logprobs],
        thinking=_encodable(thoughts or next(filter(None, (_words(message.get(name)) for name in _THOUGHTS)), "")),
    )


def _reason(choice: dict[str, Any]) -> str:
    """The finish reason; that of the model behind a router, where it says that the reply is no whole one."""
    reason, native = (str(choice.get(name) or "").split(":")[0] for name in ("finish_reason", "native_finish_reason"))
    return native if ending(reason) == "finished" and ending(native) in ("truncated", "refused") else reason or "stop"


def _content(content: Any) -> tuple[str, str]:
    """(text, thinking) of a message's content: a string, or a list of parts."""
    if content is None or isinstance(content, str):
        return content or "", ""
    parts = content if isinstance(content, list) else [content]
    thoughts = [part for part in parts if isinstance(part, dict) and part.get("type") in _THOUGHT_PARTS]
    return "".join(_words(part) for part in parts if part not in thoughts), "\n".join(map(_words, thoughts))


def _words(value: Any) -> str:
    """The text in a part, in parts in it, or in a list of them. Raises TypeError for anything else."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return "".join(map(_words, value))
    inner = next((value[name] for name in ("text", "thinking", "reasoning", "content", "summary") if name in value), "")
    return _words(inner)


def _error(error: Any) -> ErrorInside:
    fields = error if isinstance(error, dict) else {"message": error}
    fields = fields["error"] if isinstance(fields.get("error"), dict) else fields
    codes = [str(fields.get(name) or "").lower() for name in ("code", "status", "type")]
    numbers = [int(code) for code in codes if len(code) == 3 and code.isdigit()]
    named = [status for part, status in _STATUS.items() if any(part in code for code in codes)]
    status = next((n for n in numbers if 400 <= n <= 599), named[0] if named else 502)
    return ErrorInside(status, json.dumps(error, ensure_ascii=False))


def _encodable(text: str) -> str:
    """Without halves of surrogate pairs: JSON can carry them, UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()
