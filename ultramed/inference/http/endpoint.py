"""One OpenAI-compatible chat endpoint over HTTP: the thin path that every request takes, one try per call."""

import os
import random
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import NoReturn
from urllib.request import getproxies

import aiohttp
from yarl import URL

from ultramed.errors import ModelError
from ultramed.inference.http import completion, wire
from ultramed.ledger.requests import Reply, Request
from ultramed.params.models import Retries, on_this_machine

LONGEST_WAIT_S = 120.0  # longest Retry-After that is obeyed


@dataclass(frozen=True)
class Target:
    """Where to reach a model, and how patiently. None of this enters the ledger's key."""

    name: str  # in params
    base_urls: tuple[str, ...]  # replicas of one model
    dialect: wire.Dialect
    api_key_env: str | None = None
    api_key_header: str = "Authorization"
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    concurrency: int = 16  # requests at once, each replica
    rpm: int | None = None  # requests a minute, each replica
    tpm: int | None = None  # tokens a minute, each replica
    connect_s: float = 10.0
    first_byte_s: float = 600.0
    total_s: float = 900.0
    patience_s: float = 60.0  # without an answer before a replica counts as down
    retries: Retries = field(default_factory=Retries)

    def url(self, base_url: str, path: str) -> URL:
        """An address below a base URL."""
        return URL(f"{base_url.rstrip('/')}/{path}").update_query(self.query)

    def all_headers(self, key: str) -> dict[str, str]:
        """The headers of every request; the key is in one of them."""
        bearer = "Bearer " if self.api_key_header == "Authorization" else ""
        return self.headers | ({self.api_key_header: f"{bearer}{key}"} if key else {})

    def pause(self, tries: int) -> float:
        """Seconds to wait before the next try of a request that has failed `tries` times."""
        return min(self.retries.longest_s, self.retries.backoff_s * 2**tries) * random.uniform(0.5, 1.0)

    def __str__(self) -> str:
        return f"model '{self.name}' at {', '.join(self.base_urls)}"


class Rejected(Exception):
    """The endpoint will never answer this one request."""

    def __init__(self, refusal: wire.Refusal) -> None:
        super().__init__(refusal.said)
        self.refusal = refusal


class Unanswered(Exception):
    """A failed try; another one may succeed."""

    def __init__(self, kind: wire.FailureKind, said: str, wait: float = 0.0, charged: bool = False) -> None:
        super().__init__(said)
        self.kind = kind
        self.said = said
        self.wait = wait  # seconds that the endpoint asked to wait
        self.charged = charged  # the provider may have answered, and may charge for it


class Endpoint:
    """An open connection pool to one replica. `close` it inside its event loop."""

    def __init__(self, target: Target, base_url: str) -> None:
        self.target = target
        self.where = f"model '{target.name}' at {base_url}"
        self._url, self._models = target.url(base_url, "chat/completions"), target.url(base_url, "models")
        self._key = api_key(target)
        headers = {"Content-Type": "application/json"} | target.all_headers(self._key)
        timeout = aiohttp.ClientTimeout(target.total_s, sock_connect=target.connect_s, sock_read=target.first_byte_s)
        self._session = aiohttp.ClientSession(
            timeout=timeout, headers=headers, trust_env=uses_proxy(base_url),
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),
        )

    async def close(self) -> None:
        await self._session.close()

    async def ask(self, request: Request) -> tuple[Reply, float]:
        """The reply and its latency in seconds.

        Raises Unanswered for a transient failure, Rejected for a request that will never be answered, ModelError if
        the endpoint can answer none.
        """
        data, started = self.target.dialect.body(request).encode(), time.monotonic()
        try:
            async with self._session.post(self._url, data=data) as response:
                raw = await response.read()
                if response.status != 200:
                    self._refused(response, response.status, raw.decode("utf-8", "replace"), request)
                try:
                    return completion.reply(raw), time.monotonic() - started
                except completion.ErrorInside as error:
                    self._refused(response, error.status, error.said, request)
                    raise
        except aiohttp.ClientConnectorError as error:  # nothing was sent
            raise Unanswered("connection", f"{type(error).__name__}: {error}") from None
        except TimeoutError as error:
            said = str(error) or f"no whole answer within {self.target.total_s:g} s"
            raise Unanswered("timeout", said, charged=not isinstance(error, aiohttp.ConnectionTimeoutError)) from None
        except completion.Malformed as error:
            raise Unanswered("malformed", str(error), charged=True) from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unanswered("connection", f"{type(error).__name__}: {error}", charged=True) from None

    async def up(self) -> bool:
        """Whether it answers a request that costs nothing, even with an error below 500."""
        timeout = aiohttp.ClientTimeout(min(self.target.connect_s, self.target.first_byte_s))
        try:
            async with self._session.get(self._models, timeout=timeout) as response:
                return response.status < 500
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _refused(self, response: aiohttp.ClientResponse, status: int, said: str, request: Request) -> NoReturn:
        """An answer that is an error. With status 200 and half a reply in it, it may be charged for."""
        refusal = wire.refusal(status, said, self._key, request.reply_type is not None)
        if refusal.kind == "server_error" or refusal.kind == "rate_limited":
            wait_s = retry_after(response.headers.get("Retry-After", ""))
            raise Unanswered(refusal.kind, refusal.said, wait_s, response.status == 200 and status >= 500) from None
        if refusal.kind in wire.OF_ONE:
            raise Rejected(refusal) from None
        raise unusable(self.where, self.target, refusal) from None


def unusable(where: str, target: Target, refusal: wire.Refusal) -> ModelError:
    """The error for a refusal that every request meets."""
    key = target.api_key_env or "api_key_env"
    name, said = f"models.remote.{target.name}", refusal.said
    fault, remedy = {
        "key": (f"refused the key ({said.split(':')[0]})", f"check the value of {key}"),
        "forbidden": (f"refuses every request ({said})", f"check the value of {key}, and what the account may use"),
        "model": (f"does not know model '{target.dialect.model}' ({said})",
                  f"check model and base_url of {name} in params.yaml; the address ends before /chat/completions, "
                  "mostly in /v1"),
        "no_schema": (f"does not accept a JSON schema ({said})",
                      f"set {name}.replies to json_object or text in params.yaml"),
        "rejected": (f"refuses every request ({said})",
                     f"check context and max_tokens in params.yaml; {name}.request renames or leaves out parameters"),
        "too_long": (f"refuses every request ({said})", "check context and max_tokens in params.yaml"),
    }.get(refusal.kind, (f"answered {said}", "check models in params.yaml, and the provider's account"))
    return ModelError(where, fault, remedy)


def uses_proxy(base_url: str) -> bool:
    """Whether requests use the proxy set in the environment; those to this machine never do."""
    return bool(getproxies()) and not on_this_machine(base_url)


def api_key(target: Target) -> str:
    """The key from the environment; "" if none is needed. Raises ModelError if it is not set."""
    if target.api_key_env is None:
        return ""
    if not (key := os.environ.get(target.api_key_env, "")):
        raise ModelError(
            f"model '{target.name}'", f"needs a key in the environment variable {target.api_key_env}, which is not set",
            f"export {target.api_key_env}=… and run again",
        )
    return key


def retry_after(after: str) -> float:
    """Seconds that a Retry-After asks to wait, a number or a date; 0 if it is neither (`nan` is no number)."""
    try:
        seconds = float(after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(after).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError, OSError):  # a year that no clock has, among them
            return 0.0
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if isfinite(seconds) else 0.0
