"""What goes over the line to an OpenAI-compatible endpoint and what comes back: bodies, replies, refusals."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from ultramed.ledger.requests import Reply, Request, canonical

Mode = Literal["json_schema", "json_object", "text"]  # how an endpoint is told the shape of a reply
UNANSWERED = ("connection", "timeout", "malformed", "server_error", "rate_limited")  # no reply, after all tries
REFUSED = ("rejected", "too_long")  # no reply, ever
# raised by a body that is no completion
MALFORMED = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)
_TOO_LONG = ("context_length", "context length", "maximum context", "context window", "too long", "context size",
             "exceeds the available context", "too many tokens", "maximum model length")  # fmt: skip
_NO_SCHEMA = ("response_format", "json_schema", "json schema", "guided_", "parse grammar", "structured output")
_NO_CREDIT = ("insufficient_quota", "insufficient balance", "insufficient credits", "credit balance")


@dataclass(frozen=True)
class Refusal:
    """An endpoint's answer other than 200: what it is about, in one word, and its own words."""

    kind: str  # rejected | too_long | no_schema | key | model | account | rate_limited | server_error
    said: str


class Malformed(Exception):
    """A body that is no chat completion."""


def body(request: Request, model: str, mode: Mode = "json_schema") -> str:
    """The body of a chat request, JSON. Where the endpoint takes no schema, the last turn says what is wanted."""
    s, shape = request.sampling, request.shape
    turns, more = request.turns, ""
    if s.top_logprobs:
        more = f',"logprobs":true,"top_logprobs":{s.top_logprobs}'
    if shape and mode == "json_schema":
        more += (f',"response_format":{{"type":"json_schema","json_schema":{{"name":"{shape.name}","strict":true,'
                 f'"schema":{shape.sent}}}}}')  # fmt: skip
    elif shape:
        turns = _told(request, shape.sent)
        more += ',"response_format":{"type":"json_object"}' if mode == "json_object" else ""
    return (f'{{"model":{canonical(model)},"messages":{turns},"temperature":{s.temperature},"top_p":{s.top_p},'
            f'"max_tokens":{s.max_tokens},"seed":{s.seed}{more}}}')  # fmt: skip


def _told(request: Request, schema: str) -> str:
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
    """The reply in a chat completion. Raises one of many errors where it is none."""
    choice, usage = completion["choices"][0], completion.get("usage") or {}
    tokens = (choice.get("logprobs") or {}).get("content") or []
    return Reply(
        text=_sound(choice["message"].get("content") or ""),
        finish_reason=_sound(choice.get("finish_reason") or "stop"),
        model=_sound(completion.get("model") or ""),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        logprobs=[{_sound(a["token"]): round(a["logprob"], 6) for a in t["top_logprobs"]} for t in tokens],
    )


def _sound(text: str) -> str:
    """JSON can carry halves of surrogate pairs, which no file and no ledger could hold."""
    return text.encode("utf-8", "replace").decode()


def refusal(status: int, said: str, key: str = "", shaped: bool = True) -> Refusal:
    """What an answer other than 200 means; `key` is struck out of it: some providers echo the key they refuse.
    `shaped`: the request said what shape the reply must have."""
    text = " ".join(said.split())
    text = text.replace(key, "***") if key else text
    kind = _kind(status, text.lower())
    return Refusal("rejected" if kind == "no_schema" and not shaped else kind, f"HTTP {status}: {text[:300]}")


def _kind(status: int, text: str) -> str:
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
