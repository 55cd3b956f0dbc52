"""Requests and replies. The key of a request never changes: a ledger outlives the code that wrote it."""

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any

from pydantic import BaseModel

from ultramed import thinking
from ultramed.params.base import Decoding
from ultramed.prompts import Prompt

KEY_VERSION = 1
canonical = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Sampling:
    """Everything about decoding that can change a reply."""

    temperature: float
    max_tokens: int
    seed: int
    top_p: float = 1.0
    top_logprobs: int = 0  # alternatives returned for each token; 0 for none
    top_k: int | None = None
    min_p: float | None = None

    @classmethod
    def of(cls, settings: Decoding, max_tokens: int, seed: int, top_logprobs: int = 0) -> "Sampling":
        """As a section of params has it."""
        return cls(settings.temperature, max_tokens, seed, settings.top_p, top_logprobs, settings.top_k, settings.min_p)

    @property
    def hashed(self) -> dict[str, Any]:
        """What the request's key holds. Parameters that came later are in it where they are set: keys are final."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Request:
    """One question to a model, made for a row."""

    row_id: str
    step: str  # attempt-1, verify-2 …: with row_id it names the request in a manifest
    prompt: Prompt
    sampling: Sampling
    reply_type: type[BaseModel] | None = None  # shape the reply must have; None for free text
    sample: int = 0  # number of this draw, if the same is asked several times
    rights: str = "open"  # of the text it carries: quarantine and deny never leave the machine

    @cached_property
    def turns(self) -> str:
        """The messages as canonical JSON: what is hashed, sent and kept."""
        return canonical([{"role": role, "content": content} for role, content in self.prompt.messages])

    @property
    def shape(self) -> "Shape | None":
        """What the reply must look like."""
        return None if self.reply_type is None else _shape(self.reply_type)

    def key(self, identity: str) -> str:
        """SHA-256 over the key version, the model's identity, messages, sampling with seed, reply schema and
        sample index; never over address, port or concurrency."""
        schema = self.shape.canonical if self.shape else "null"
        asked = (  # the canonical JSON of these six; the long ones are made only once
            f'{{"messages":{self.turns},"model":{canonical(identity)},"sample":{self.sample},'
            f'"sampling":{canonical(self.sampling.hashed)},"schema":{schema},"version":{KEY_VERSION}}}'
        )
        return hashlib.sha256(asked.encode()).hexdigest()

    def again(self, reply: str, complaint: str) -> "Request":
        """The second try: the same dialogue, then the reply and what was wrong with it."""
        prompt = self.prompt.then(("assistant", reply), ("user", complaint))
        return replace(self, step=f"{self.step}-again", prompt=prompt)


@dataclass(frozen=True)
class Shape:
    """A reply type as JSON schema, made once per type."""

    name: str
    schema: dict[str, Any]
    canonical: str
    sent: str  # with the type's fields in order, as models write them


@cache
def _shape(reply_type: type[BaseModel]) -> Shape:
    schema = reply_type.model_json_schema()
    return Shape(reply_type.__name__, schema, canonical(schema), json.dumps(schema, ensure_ascii=False))


_LATER = ("thinking",)  # fields of a reply that the first ledgers did not have


@dataclass(frozen=True)
class Reply:
    """What the model said: the part of a ledger record that a stage may depend on."""

    text: str
    finish_reason: str  # stop | length | content_filter …
    model: str  # as returned by the endpoint
    prompt_tokens: int
    completion_tokens: int
    logprobs: list[dict[str, float]] = field(default_factory=list)  # per token: {alternative: log-probability}
    thinking: str = ""  # that the endpoint sent in a field of its own; see `Answer.thinking`

    @property
    def record(self) -> dict[str, Any]:
        """What the ledger keeps. Fields that came later are left out where they are empty: hashes outlive the code."""
        return {name: value for name, value in vars(self).items() if value or name not in _LATER}

    @property
    def hash(self) -> str:
        """Pins the reply in a manifest, and so in `dvc.lock`."""
        return digest(self.record)


@dataclass(frozen=True)
class Answer:
    """A parsed reply: `value` is set only if the reply had the requested shape, `failure` only if it is unusable."""

    request: Request
    key: str
    reply: Reply | None
    value: Any = None
    failure: str = ""  # why there is no value: see `structured.read`; or `wire.UNANSWERED`, `wire.REFUSED`
    detail: str = ""
    price_usd: float = 0.0  # of the reply, when it was bought

    @property
    def ok(self) -> bool:
        return not self.failure

    @property
    def text(self) -> str:
        """The reply without thinking."""
        return thinking.split(self.reply.text).answer if self.reply else ""

    @property
    def thinking(self) -> str:
        """What the model thought before it answered."""
        if self.reply is None:
            return ""
        return "\n\n".join(filter(None, (self.reply.thinking, thinking.split(self.reply.text).thinking)))


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()
