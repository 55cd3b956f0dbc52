"""One OpenAI-compatible chat endpoint over HTTP: the thin path that every request takes, once a call."""

import os
import random
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import isfinite
from urllib.request import getproxies

import aiohttp
from yarl import URL

from ultramed.errors import ModelError
from ultramed.inference.http import wire
from ultramed.ledger.requests import Reply, Request
from ultramed.params.models import ReplyMode, Retries, on_this_machine

LONGEST_WAIT_S = 120.0  # that a Retry-After is obeyed for


@dataclass(frozen=True)
class Target:
    """Where a model is reached, and how patiently. Nothing of this enters the ledger's key."""

    name: str  # in params
    base_urls: tuple[str, ...]  # replicas of one model
    model: str  # as the endpoint calls it
    api_key_env: str | None = None
    concurrency: int = 16  # requests at once, each replica
    rpm: int | None = None  # requests a minute, each replica
    tpm: int | None = None  # tokens a minute, each replica
    connect_s: float = 10.0
    first_byte_s: float = 600.0
    total_s: float = 900.0
    patience_s: float = 60.0  # without any answer, until a replica counts as down
    retries: Retries = field(default_factory=Retries)
    mode: ReplyMode = "json_schema"

    def pause(self, tries: int) -> float:
        """Seconds to wait before the next try of a request that has failed `tries` times."""
        return min(self.retries.longest_s, self.retries.backoff_s * 2**tries) * random.uniform(0.5, 1.0)

    def __str__(self) -> str:
        return f"model '{self.name}' at {', '.join(self.base_urls)}"


class Rejected(Exception):
    """The endpoint will never answer this one request."""

    def __init__(self, refusal: wire.Refusal) -> None:
        super().__init__(refusal.said)
        self.kind, self.said = refusal.kind, refusal.said


class Unanswered(Exception):
    """A try that failed; another one may not."""

    def __init__(self, kind: wire.FailureKind, said: str, wait: float = 0.0, charged: bool = False) -> None:
        super().__init__(said)
        self.kind = kind
        self.said = said
        self.wait = wait  # seconds that the endpoint asked for
        self.charged = charged  # the provider may have answered, and charges for it


class Endpoint:
    """An open connection pool to one replica. `close` it inside its event loop."""

    def __init__(self, target: Target, base_url: str) -> None:
        self.target = target
        self.where = f"model '{target.name}' at {base_url}"
        self._url, self._models = (URL(f"{base_url.rstrip('/')}/{path}") for path in ("chat/completions", "models"))
        self._key = api_key(target)
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self._key}"} if self._key else {})
        timeout = aiohttp.ClientTimeout(target.total_s, sock_connect=target.connect_s, sock_read=target.first_byte_s)
        self._session = aiohttp.ClientSession(
            timeout=timeout, headers=headers, trust_env=uses_proxy(base_url),
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
        )

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, request: Request) -> tuple[Reply, float]:
        """The reply and its latency in seconds.

        Raises Unanswered for trouble that may pass, Rejected for a request that will never be answered, ModelError
        when the endpoint is of no use to any.
        """
        data, started = wire.body(request, self.target.model, self.target.mode).encode(), time.monotonic()
        try:
            async with self._session.post(self._url, data=data) as response:
                raw = await response.read()
                if response.status != 200:
                    self._refused(response, raw, request.reply_type is not None)
                return wire.reply(raw), time.monotonic() - started
        except aiohttp.ClientConnectorError as error:  # nothing was sent
            raise Unanswered("connection", f"{type(error).__name__}: {error}") from None
        except TimeoutError as error:
            said = str(error) or f"no whole answer within {self.target.total_s:g} s"
            raise Unanswered("timeout", said, charged=not isinstance(error, aiohttp.ConnectionTimeoutError)) from None
        except wire.Malformed as error:
            raise Unanswered("malformed", str(error), charged=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unanswered("connection", f"{type(error).__name__}: {error}", charged=True) from None

    async def up(self) -> bool:
        """Whether it answers a request that costs nothing, be it with an error below 500."""
        timeout = aiohttp.ClientTimeout(min(self.target.connect_s, self.target.first_byte_s))
        try:
            async with self._session.get(self._models, timeout=timeout) as response:
                return response.status < 500
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _refused(self, response: aiohttp.ClientResponse, raw: bytes, shaped: bool) -> None:
        refusal = wire.refusal(response.status, raw.decode("utf-8", "replace"), self._key, shaped)
        if refusal.kind == "server_error" or refusal.kind == "rate_limited":
            raise Unanswered(refusal.kind, refusal.said, retry_after(response.headers.get("Retry-After", "")))
        if refusal.kind in wire.REFUSED:
            raise Rejected(refusal)
        raise unusable(self.where, self.target, refusal)


def unusable(where: str, target: Target, refusal: wire.Refusal) -> ModelError:
    """The error for a refusal that every request would meet."""
    status = refusal.said.split(":")[0]
    if refusal.kind == "key":
        name = target.api_key_env or "api_key_env"
        return ModelError(where, f"refused the key ({status})", f"check the value of {name}")
    if refusal.kind == "model":
        return ModelError(where, f"knows no model '{target.model}' ({status})",
                          "check base_url and model in params.yaml")
    if refusal.kind == "no_schema":
        remedy = f"set models.remote.{target.name}.replies to json_object or text in params.yaml"
        return ModelError(where, f"takes no JSON schema ({refusal.said})", remedy)
    return ModelError(where, f"answered {refusal.said}", "check models in params.yaml, and the provider's account")


def uses_proxy(base_url: str) -> bool:
    """Whether requests go through the proxy that the environment names: never those to this machine."""
    return bool(getproxies()) and not on_this_machine(base_url)


def api_key(target: Target) -> str:
    """The key from the environment; "" where none is needed. Raises ModelError where it is not set."""
    if target.api_key_env is None:
        return ""
    if not (key := os.environ.get(target.api_key_env, "")):
        raise ModelError(
            f"model '{target.name}'", f"needs a key in the environment variable {target.api_key_env}, which is not set",
            f"export {target.api_key_env}=… and run again",
        )
    return key


def retry_after(after: str) -> float:
    """Seconds that a Retry-After asks for, as a number or as a date; 0 where it is neither (`nan` is no number)."""
    try:
        seconds = float(after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(after).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError, OSError):  # a year that no clock has, among them
            return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if isfinite(seconds) else 0.0
