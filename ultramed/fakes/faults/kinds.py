"""The kinds of fault that the fault endpoint knows: of transport, and of content."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

KINDS = {
    "429": "too many requests", "429-after": "too many requests, with Retry-After", "500": "a server error",
    "400": "refused for good", "reset": "the connection is reset", "stall": "no byte arrives",
    "trickle": "the answer arrives byte by byte", "truncated": "the body ends in the middle of its JSON",
    "garbage": "a body that is not JSON", "length": "cut by the token limit", "empty": "an answer without text",
    "refusal": "the model declines", "wrong": "JSON of another shape: too few items, a score out of range",
}
BATCH_FAULTS = ("lost", "failed", "expired", "damaged")  # of the first batch


@dataclass(frozen=True)
class ScriptedFault:
    """What happens to a share of the requests, on the first `times` tries of each; None: on every try."""

    kind: str
    share: float
    times: int | None = 1


@dataclass(frozen=True)
class Script:
    """How the endpoint behaves."""

    faults: tuple[ScriptedFault, ...] = ()
    seed: int = 0
    latency_s: tuple[float, float] = (0.0, 0.0)
    reply: str | None = None
    retry_after: float = 0.2
    stall_s: float = 3600.0
    batch_s: float = 0.0
    batch_max_requests: int = 50_000
    batch_max_bytes: int = 209_715_200
    batch_fault: str | None = None

    @classmethod
    def read(cls, values: dict[str, Any]) -> "Script":
        """Parse a script. Raises ValueError for an unknown kind or name, or an invalid number of a batch."""
        try:
            faults = tuple(ScriptedFault(**fault) for fault in values.get("faults", []))
            script = cls(**values | {"faults": faults, "latency_s": tuple(values.get("latency_s", (0.0, 0.0)))})
        except TypeError as error:
            raise ValueError(str(error)) from None
        if unknown := {fault.kind for fault in faults} - KINDS.keys():
            raise ValueError(f"unknown kinds of fault {sorted(unknown)}; expected {', '.join(KINDS)}")
        if script.batch_fault not in (None, *BATCH_FAULTS):
            raise ValueError(f"batch_fault is {script.batch_fault!r}; expected null, {', '.join(BATCH_FAULTS)}")
        for name in ("batch_s", "batch_max_requests", "batch_max_bytes"):
            if not isinstance(value := getattr(script, name), int | float) or value < 0:
                raise ValueError(f"{name} is {value!r}; expected a number, 0 or more")
        return script


Answerer = Callable[[Script, web.Request, bytes], Awaitable[web.StreamResponse]]


def spoilt(value: Any) -> Any:
    """The same JSON with one item too few in every list, and numbers out of every range."""
    if isinstance(value, dict):
        return {key: spoilt(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [spoilt(inner) for inner in value[:-1]]
    return 99 if isinstance(value, int) and not isinstance(value, bool) else ["?"] if isinstance(value, str) else value


def refusal(kind: str) -> dict[str, Any]:
    """The body of an error, in the form of OpenAI's API."""
    return {"error": {"message": KINDS[kind], "type": "scripted", "code": kind}}


def _status(kind: str) -> Answerer:
    async def refuse(script: Script, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = {"Retry-After": f"{script.retry_after:g}"} if kind == "429-after" else {}
        return web.json_response(refusal(kind), status=int(kind[:3]), headers=headers)

    return refuse


async def _reset(script: Script, request: web.Request, body: bytes) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _stall(script: Script, request: web.Request, body: bytes) -> web.StreamResponse:
    await asyncio.sleep(script.stall_s)
    return web.Response(body=body, content_type="application/json")


async def _trickle(script: Script, request: web.Request, body: bytes) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    try:
        for at in range(0, len(body), step := max(1, len(body) // 100)):
            await response.write(body[at : at + step])
            await asyncio.sleep(script.stall_s / 100)
        await response.write_eof()
    except ConnectionError:
        pass  # the client has hung up
    return response


async def _truncated(script: Script, request: web.Request, body: bytes) -> web.StreamResponse:
    return web.Response(body=body[: len(body) // 2], content_type="application/json")


async def _garbage(script: Script, request: web.Request, body: bytes) -> web.StreamResponse:
    return web.Response(body=b"<html>gateway</html>", content_type="application/json")


TRANSPORT_FAULTS: dict[str, Answerer] = {  # all other faults change the content of a valid completion
    **{kind: _status(kind) for kind in ("400", "429", "429-after", "500")},
    "reset": _reset, "stall": _stall, "trickle": _trickle, "truncated": _truncated, "garbage": _garbage,
}
