"""What is sent to an OpenAI-compatible endpoint and what comes back: bodies, replies, refusals."""

import json
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ultramed.ledger.requests import Reply, Request, canonical
from ultramed.params.models import ReplyMode

RefusalKind = Literal["rejected", "too_long", "no_schema", "key", "model", "account", "rate_limited", "server_error"]
FailureKind = Literal["connection", "timeout", "malformed", "server_error", "rate_limited"]  # of one try
UNANSWERED: tuple[FailureKind, ...] = get_args(FailureKind)  # no reply after all tries
REFUSED: tuple[RefusalKind, ...] = ("rejected", "too_long")  # no reply, ever
# raised by a body that is not a completion
MALFORMED = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)
_TOO_LONG = ("context_length", "context length", "maximum context", "context window", "too long", "context size",
             "exceeds the available context", "too many tokens", "maximum model length")
_NO_SCHEMA = ("response_format", "json_schema", "json schema", "guided_", "parse grammar", "structured output")
_NO_CREDIT = ("insufficient_quota", "insufficient balance", "insufficient credits", "credit balance")


@dataclass(frozen=True)
class Refusal:
    """An endpoint's answer other than 200: its kind, and what it said."""

    kind: RefusalKind
    said: str


class Malformed(Exception):
    """A body that is not a chat completion."""


def body(request: Request, model: str, mode: ReplyMode = "json_schema") -> str:
    """The body of a chat request, as JSON. If the endpoint accepts no schema, the last turn states it."""
    s, shape = request.sampling, request.shape
    turns, more = request.turns, ""
    if s.top_logprobs:
        more = f',"logprobs":true,"top_logprobs":{s.top_logprobs}'
    if shape and mode == "json_schema":
        more += (f',"response_format":{{"type":"json_schema","json_schema":{{"name":"{shape.name}","strict":true,'
                 f'"schema":{shape.sent}}}}}')
    elif shape:
        turns = _turns_with_schema(request, shape.sent)
        more += ',"response_format":{"type":"json_object"}' if mode == "json_object" else ""
    return (f'{{"model":{canonical(model)},"messages":{turns},"temperature":{s.temperature},"top_p":{s.top_p},'
            f'"max_tokens":{s.max_tokens},"seed":{s.seed}{more}}}')


def _turns_with_schema(request: Request, schema: str) -> str:
    *others, (role, content) = request.prompt.messages
    last = (role, f"{content}\n\nReply with one JSON object and nothing else. Its JSON schema: {schema}")
    return canonical([{"role": role, "content": content} for role, content in (*others, last)])


def reply(raw: bytes | str) -> Reply:
    """The reply in the body of a chat completion. Raises Malformed."""
    try:
        return of_completion(json.loads(raw))
    except MALFORMED as error:
        raise Malformed(f"a body that is no chat completion, {type(error).__name__}: {error}") from None


def of_completion(completion: dict[str, Any]) -> Reply:
    """The reply in a chat completion. Raises one of MALFORMED if it is not one."""
    choice, usage = completion["choices"][0], completion.get("usage") or {}
    tokens = (choice.get("logprobs") or {}).get("content") or []
    return Reply(
        text=_encodable(choice["message"].get("content") or ""),
        finish_reason=_encodable(choice.get("finish_reason") or "stop"),
        model=_encodable(completion.get("model") or ""),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        logprobs=[{_encodable(a["token"]): round(a["logprob"], 6) for a in t["top_logprobs"]} for t in tokens],
    )


def _encodable(text: str) -> str:
    """Replace lone surrogates: JSON can carry them, UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()


def refusal(status: int, said: str, key: str = "", shaped: bool = True) -> Refusal:
    """What an answer other than 200 means. `key` is masked, because some providers echo the key they refuse.
    `shaped`: whether the request prescribed the shape of the reply."""
    text = " ".join(said.split())
    text = text.replace(key, "***") if key else text
    kind = _kind(status, text.lower())
    return Refusal("rejected" if kind == "no_schema" and not shaped else kind, f"HTTP {status}: {text[:300]}")


def _kind(status: int, text: str) -> RefusalKind:
    if status in (401, 403):
        return "key"
    if status == 404:
        return "model"
    if status == 429:
        return "account" if any(words in text for words in _NO_CREDIT) else "rate_limited"
    if status in (400, 413, 422):
        if any(words in text for words in _TOO_LONG):
            return "too_long"
        return "no_schema" if any(words in text for words in _NO_SCHEMA) else "rejected"
    return "server_error" if status in (408, 409, 425) or status >= 500 else "account"
