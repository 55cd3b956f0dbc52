"""A chat endpoint on 127.0.0.1, in a thread of the test: it answers by plan and remembers what it was asked."""

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from ultramed import params
from ultramed.inference.client import Client
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.wire import Dialect
from ultramed.ledger.requests import Request, Sampling
from ultramed.params import BatchSettings, LocalModel, Models, Params, Price, RemoteModel
from ultramed.params.models import Retries
from ultramed.prompts import Prompt

ROOT = Path(__file__).parents[2]
SETTINGS = params.load(ROOT / "params.yaml")
Plan = Callable[[dict[str, Any], int], Awaitable[web.StreamResponse]]


def said(text: str, finish: str = "stop", **more: Any) -> web.Response:
    """A chat completion with this text; `more` replaces or adds parts of the body."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    usage = {"prompt_tokens": 10, "completion_tokens": 2}
    return web.json_response({"model": "served", "choices": [choice], "usage": usage, **more})


def asked_of(body: dict[str, Any]) -> str:
    """The last turn."""
    return body["messages"][-1]["content"]


async def echo(body: dict[str, Any], _: int) -> web.Response:
    """The plan that answers each question by its own words."""
    return said(f"re {asked_of(body)}")


class Loopback:
    """Use inside `with`. A plan is given the body and how often these very turns were asked, this time included."""

    def __init__(self, plan: Plan = echo) -> None:
        self.plan = plan
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.asked: Counter[str] = Counter()
        self.arrivals: list[float] = []  # of those bodies, by the monotonic clock
        self.open = self.most_open = 0
        self.looks = 0  # whether it is up
        self.down = False  # answers 500 to everything, looks included
        self.address = ""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._ready = threading.Event()

    def __enter__(self) -> "Loopback":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._thread.join(10)

    def stop(self) -> None:
        """Listen no more, and drop what is open: a server that dies."""
        with suppress(RuntimeError):  # it has stopped already
            self._loop.call_soon_threadsafe(self._done.set)

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._look)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self._ready.set()
        await self._done.wait()
        await runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        turns = json.dumps(body["messages"])
        self.arrivals.append(time.monotonic())
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.asked[turns] += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return web.Response(status=500, text="down") if self.down else await self.plan(body, self.asked[turns])
        finally:
            self.open -= 1

    async def _look(self, _: web.Request) -> web.Response:
        self.looks += 1
        return web.json_response({"object": "list", "data": []}, status=500 if self.down else 200)


def settings(concurrency: int = 4, price: Price | None = None, key_env: str | None = None, address: str = "",
             batch: dict[str, Any] | None = None) -> Params:
    """The project's parameters with two models: `here`, on this machine, and `api`, somewhere else."""
    here = LocalModel(location="-", engine="llama.cpp", rights="open", concurrency=concurrency)
    api = RemoteModel(base_url=address, model="m", revision="1", provider="p", api_key_env=key_env, rights="open",
                      concurrency=concurrency, price=price or Price(prompt=0.0, completion=0.0),
                      batch=None if batch is None else BatchSettings(poll_s=0.02, **batch))
    return SETTINGS.model_copy(update={"models": Models(local={"here": here}, remote={"api": api})})


def client(address: str, name: str = "here", given: Params | None = None, key_env: str | None = None) -> Client:
    """A client whose retries follow fast upon each other; its ledger is where ULTRAMED_LEDGER says."""
    given = given or settings()
    target = Target(name, (address,), Dialect(name), key_env, concurrency=given.model(name).concurrency,
                    retries=Retries(backoff_s=0.005), patience_s=0.05)
    return Client(name, "trial", lambda: nullcontext(target), "identity", given)


def question(text: str, row: str = "", **more: Any) -> Request:
    """A request whose only turn is this text; `row` names it, else the text itself."""
    return Request(row or text, "attempt-1", Prompt("solve", "0" * 16, (("user", text),)), Sampling(0.0, 16, 1), **more)
