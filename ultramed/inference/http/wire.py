"""What is sent to an OpenAI-compatible endpoint, and what a refusal means. Replies are read in `completion`."""

import json
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Literal, get_args

from ultramed.inference.http.schemas import strict
from ultramed.ledger.requests import Request, Shape, canonical
from ultramed.params.models import PARAMETERS, ReplyMode, SchemaDialect

RefusalKind = Literal[
    "rejected", "too_long", "no_schema", "forbidden", "model", "key", "account", "rate_limited", "server_error"]
FailureKind = Literal["connection", "timeout", "malformed", "server_error", "rate_limited"]  # of one try
UNANSWERED: tuple[FailureKind, ...] = get_args(FailureKind)  # no reply after all tries
REFUSED: tuple[RefusalKind, ...] = ("rejected", "too_long")  # no reply, ever
# Refusals of one request: where every request meets them, they are about the endpoint.
OF_ONE: tuple[RefusalKind, ...] = ("rejected", "too_long", "no_schema", "forbidden", "model")
_TOO_LONG = ("context_length", "context length", "maximum context", "context window", "too long", "context size",
             "exceeds the available context", "too many tokens", "maximum model length")
_NO_SCHEMA = ("response_format", "json_schema", "json schema", "guided_", "parse grammar", "structured output")
_NO_CREDIT = ("insufficient_quota", "insufficient balance", "insufficient credits", "credit balance")


@dataclass(frozen=True)
class Refusal:
    """An endpoint's answer other than 200: its kind, and what it said."""

    kind: RefusalKind
    said: str


@dataclass(frozen=True)
class Dialect:
    """The form of request that one endpoint accepts.

    `request` maps a body parameter to another name, to null (left out) or to a fixed value; unknown names are added.
    """

    model: str  # as the endpoint calls it
    mode: ReplyMode = "json_schema"
    schema: SchemaDialect = "full"
    request: dict[str, Any] = field(default_factory=dict)
    neutral: bool = True  # send top_p even if it is 1, because the server has another default

    @cached_property
    def _names(self) -> dict[str, str]:
        """The name each parameter is sent under; "" if it is left out."""
        names = {}
        for name in PARAMETERS:
            sent = self.request.get(name, name)
            names[name] = sent if isinstance(sent, str) else ""
        return names

    @cached_property
    def _added(self) -> str:
        added = {name: value for name, value in self.request.items()
                 if value is not None and not (name in PARAMETERS and isinstance(value, str))}
        return "".join(f",{canonical(name)}:{canonical(value)}" for name, value in added.items())

    def body(self, request: Request) -> str:
        """The body of a chat request, JSON. Where the endpoint takes no schema, the last turn states it."""
        shape = request.shape
        turns = request.turns if not shape or self.mode == "json_schema" else _turns_with_schema(request, shape.sent)
        return (f'{{"model":{canonical(self.model)},"messages":{turns}{self._sampling(request)}'
                f"{self._format(shape) if shape else ''}{self._added}}}")

    def _sampling(self, request: Request) -> str:
        s, names = request.sampling, self._names
        parameters: list[tuple[str, object]] = [
            ("temperature", s.temperature), ("top_p", s.top_p if s.top_p != 1.0 or self.neutral else None),
            ("top_k", s.top_k), ("min_p", s.min_p), ("max_tokens", s.max_tokens), ("seed", s.seed)]
        if s.top_logprobs:
            parameters += [("logprobs", "true"), ("top_logprobs", s.top_logprobs)]
        return "".join(f',"{names[name]}":{value}' for name, value in parameters if value is not None and names[name])

    def _format(self, shape: Shape) -> str:
        if self.mode == "json_object":
            return ',"response_format":{"type":"json_object"}'
        if self.mode == "text":
            return ""
        schema = shape.sent if self.schema == "full" else _strict(shape.sent)
        return (f',"response_format":{{"type":"json_schema","json_schema":{{"name":"{shape.name}","strict":true,'
                f'"schema":{schema}}}}}')


@cache
def _strict(schema: str) -> str:
    return json.dumps(strict(json.loads(schema)), ensure_ascii=False)


def _turns_with_schema(request: Request, schema: str) -> str:
    *others, (role, content) = request.prompt.messages
    last = (role, f"{content}\n\nReply with one JSON object and nothing else. Its JSON schema: {schema}")
    return canonical([{"role": role, "content": content} for role, content in (*others, last)])


def refusal(status: int, said: str, key: str = "", shaped: bool = True) -> Refusal:
    """What an answer other than 200 means. `key` is masked, because some providers echo the key they refuse.
    `shaped`: whether the request prescribed the shape of the reply."""
    text = " ".join(said.split())
    text = text.replace(key, "***") if key else text
    kind = _kind(status, text.lower())
    return Refusal("rejected" if kind == "no_schema" and not shaped else kind, f"HTTP {status}: {text[:300]}")


def _kind(status: int, text: str) -> RefusalKind:
    if status == 401:
        return "key"
    if status == 403:
        return "forbidden"
    if status == 404:
        return "model"
    if status == 429:
        return "account" if any(words in text for words in _NO_CREDIT) else "rate_limited"
    if status in (400, 413, 422):
        if any(words in text for words in _TOO_LONG):
            return "too_long"
        return "no_schema" if any(words in text for words in _NO_SCHEMA) else "rejected"
    if status in (406, 411, 414, 415, 416, 417, 418, 424, 428, 431, 451):
        return "rejected"
    return "server_error" if status in (408, 409, 425) or status >= 500 else "account"
