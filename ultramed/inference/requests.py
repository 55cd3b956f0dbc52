"""What is asked and what comes back. The key of a request is final: a ledger outlives the code that wrote it."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from ultramed.prompts import Prompt

KEY_VERSION = 1


@dataclass(frozen=True)
class Sampling:
    """Everything about decoding that can change a reply."""

    temperature: float
    max_tokens: int
    seed: int
    top_p: float = 1.0
    top_logprobs: int = 0  # alternatives returned for each token; 0 for none


@dataclass(frozen=True)
class Request:
    """One question to a model, made for a row."""

    row_id: str
    step: str  # attempt-1, verify-2 …: with row_id it names the request in a manifest
    prompt: Prompt
    sampling: Sampling
    reply_type: type[BaseModel] | None = None  # shape the reply must have; None for free text
    sample: int = 0  # number of this draw, where the same is asked several times
    rights: str = "open"  # of the text it carries: quarantine and deny never leave the machine

    @property
    def messages(self) -> list[dict[str, str]]:
        return [{"role": role, "content": content} for role, content in self.prompt.messages]

    @property
    def schema(self) -> dict[str, Any] | None:
        """JSON schema of the reply, as it is sent."""
        return None if self.reply_type is None else self.reply_type.model_json_schema()

    def key(self, identity: str) -> str:
        """SHA-256 over the key version, the model's identity, messages, sampling with seed, reply schema and
        sample index; never over address, port or concurrency."""
        asked = {
            "version": KEY_VERSION, "model": identity, "messages": self.messages,
            "sampling": vars(self.sampling), "schema": self.schema, "sample": self.sample,
        }
        return digest(asked)


@dataclass(frozen=True)
class Reply:
    """What the model said: the part of a ledger record that a stage may depend on."""

    text: str
    finish_reason: str  # stop | length | content_filter …
    model: str  # as returned by the endpoint
    prompt_tokens: int
    completion_tokens: int
    logprobs: list[dict[str, float]] = field(default_factory=list)  # per token: {alternative: log-probability}

    @property
    def hash(self) -> str:
        """Pins the reply in a manifest, and so in `dvc.lock`."""
        return digest(vars(self))


@dataclass(frozen=True)
class Answer:
    """A reply read: `value` is set only when the reply had the asked shape, `failure` only when it is of no use."""

    request: Request
    key: str
    reply: Reply | None
    value: Any = None
    failure: str = ""  # unreadable | invalid | truncated | refused | empty | rejected
    detail: str = ""
    price_usd: float = 0.0  # of the reply, when it was bought

    @property
    def ok(self) -> bool:
        return not self.failure

    @property
    def text(self) -> str:
        return self.reply.text if self.reply else ""


def digest(value: Any) -> str:
    """SHA-256 of a value's canonical JSON."""
    return hashlib.sha256(
        json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    ).hexdigest()
