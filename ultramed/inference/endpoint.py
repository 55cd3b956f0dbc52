"""One OpenAI-compatible chat endpoint over HTTP: the thin path that every request takes."""

import asyncio
import json
import os
import random
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from ultramed.errors import ModelError
from ultramed.inference.requests import Reply, Request

RETRIES = 6
_TRANSIENT = {408, 409, 425, 429, 500, 502, 503, 504, 529}
_THIS_REQUEST = {400, 413, 422}  # anything else (no credit, a wrong path) would cost every row alike
_MALFORMED = (ValueError, KeyError, IndexError, TypeError, AttributeError)  # a body that is no chat completion


@dataclass(frozen=True)
class Target:
    """Where a model is reached. Nothing of this enters the ledger's key."""

    name: str  # in params
    base_url: str
    model: str  # as the endpoint calls it
    api_key_env: str | None = None
    timeout_s: float = 600.0
    backoff_s: float = 0.25  # before the first retry; doubled for each further one, 30 at most


class Rejected(Exception):
    """The endpoint will never answer this one request (too long, a schema it cannot use)."""


class Endpoint:
    """An open connection pool to a target. Use inside `async with`."""

    def __init__(self, target: Target, concurrency: int) -> None:
        self.target = target
        self._slots = asyncio.Semaphore(concurrency)
        timeout = aiohttp.ClientTimeout(total=target.timeout_s, connect=10)
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=concurrency), headers=_authorisation(target)
        )

    async def __aenter__(self) -> "Endpoint":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def ask(self, request: Request) -> tuple[Reply, float]:
        """The reply and its latency in seconds. Transient errors are retried with back-off and jitter.

        Raises Rejected for a request the endpoint refuses, ModelError when the endpoint cannot be used.
        """
        body = _body(request, self.target.model)
        async with self._slots:
            for attempt in range(RETRIES + 1):
                started = time.monotonic()
                try:
                    async with self._session.post(f"{self.target.base_url}/chat/completions", json=body) as response:
                        if response.status == 200:
                            return _reply(await response.json(content_type=None)), time.monotonic() - started
                        problem, wait = await self._refused(response)
                except (aiohttp.ClientError, TimeoutError, *_MALFORMED) as error:
                    problem, wait = f"{type(error).__name__}: {error}", 0.0
                if attempt < RETRIES:
                    backoff = min(30.0, self.target.backoff_s * 2**attempt) * random.uniform(0.5, 1.0)
                    await asyncio.sleep(max(wait, backoff))
        raise ModelError(
            f"model '{self.target.name}' at {self.target.base_url}",
            f"does not answer after {RETRIES + 1} tries ({problem})",
            "check that it is up; replies received so far are kept, `dvc repro` goes on from there",
        )

    async def _refused(self, response: aiohttp.ClientResponse) -> tuple[str, float]:
        text = " ".join((await response.text()).split())
        if key := os.environ.get(self.target.api_key_env or "", ""):
            text = text.replace(key, "***")  # some providers echo the key they refuse
        text = text[:300]
        where = f"model '{self.target.name}' at {self.target.base_url}"
        if response.status in (401, 403):
            env = self.target.api_key_env or "api_key_env"
            raise ModelError(where, f"refused the key (HTTP {response.status})", f"check the value of {env}")
        if response.status == 404:
            raise ModelError(where, f"knows no model '{self.target.model}' (HTTP 404)", "check models in params.yaml")
        if response.status in _THIS_REQUEST:
            raise Rejected(f"HTTP {response.status}: {text}")
        if response.status not in _TRANSIENT:
            raise ModelError(where, f"answered HTTP {response.status}: {text}", "check models in params.yaml")
        after = response.headers.get("Retry-After", "")
        return f"HTTP {response.status}: {text}", min(float(after), 120.0) if after.isdigit() else 0.0


def _authorisation(target: Target) -> dict[str, str]:
    if target.api_key_env is None:
        return {}
    if not (key := os.environ.get(target.api_key_env)):
        raise ModelError(
            f"model '{target.name}'", f"needs a key in the environment variable {target.api_key_env}, which is not set",
            f"export {target.api_key_env}=… and run again",
        )
    return {"Authorization": f"Bearer {key}"}


def _body(request: Request, model: str) -> dict[str, Any]:
    s = request.sampling
    body: dict[str, Any] = {
        "model": model, "messages": request.messages, "temperature": s.temperature, "top_p": s.top_p,
        "max_tokens": s.max_tokens, "seed": s.seed,
    }
    if s.top_logprobs:
        body |= {"logprobs": True, "top_logprobs": s.top_logprobs}
    if request.reply_type is not None:
        shape = {"name": request.reply_type.__name__, "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": shape}
    return body


def _reply(body: dict[str, Any]) -> Reply:
    # JSON can carry halves of surrogate pairs, which no file and no ledger could hold
    body = json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
    choice, usage = body["choices"][0], body.get("usage") or {}
    tokens = (choice.get("logprobs") or {}).get("content") or []
    return Reply(
        text=choice["message"].get("content") or "",
        finish_reason=choice.get("finish_reason") or "stop",
        model=body.get("model") or "",
        prompt_tokens=usage.get("prompt_tokens") or 0,
        completion_tokens=usage.get("completion_tokens") or 0,
        logprobs=[{a["token"]: round(a["logprob"], 6) for a in t["top_logprobs"]} for t in tokens],
    )
