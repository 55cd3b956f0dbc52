"""The oracle on a loopback port, used as a remote model, and rows to ask it about."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from ruamel.yaml import YAML

from ultramed.fakes.oracle import Oracle, application
from ultramed.params import Params
from ultramed.records import Instruction, Message, Option

ROOT = Path(__file__).parents[1]
Body = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Served:
    """The oracle behind an address, inside a `with` block. `spoil` changes a reply before it is sent, like an endpoint
    that truncates, rambles or returns nothing; `bodies` holds every request received."""

    oracle: Oracle = field(default_factory=lambda: Oracle({}))
    spoil: Callable[[Body, Body], None] | None = None
    bodies: list[Body] = field(default_factory=list)
    address: str = ""

    def __enter__(self) -> "Served":
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)

    def prompts(self, schema: str | None = None) -> list[str]:
        """Last turns of the requests with one reply schema ("" for free text) or of all, in no particular order."""
        return [b["messages"][-1]["content"] for b in self.bodies if schema in (None, schema_of(b))]

    async def _serve(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        app = application(self.oracle)

        @web.middleware
        async def meddle(request: web.Request, handler: Handler) -> web.StreamResponse:
            return self._meddled(await request.json(), await handler(request))

        app.middlewares.append(meddle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        self._ready.set()
        await self._done.wait()
        await runner.cleanup()

    def _meddled(self, body: Body, response: web.StreamResponse) -> web.StreamResponse:
        self.bodies.append(body)
        assert isinstance(response, web.Response) and isinstance(response.body, bytes)
        reply = json.loads(response.body)
        if self.spoil is not None:
            self.spoil(body, reply)
        return web.json_response(reply)


def schema_of(body: Body) -> str:
    """Name of the reply schema of a request; "" for free text."""
    return ((body.get("response_format") or {}).get("json_schema") or {}).get("name", "")


def says(reply: Body, text: str, finish: str = "stop") -> None:
    """Replace the text of a reply."""
    reply["choices"][0]["message"]["content"] = text
    reply["choices"][0]["finish_reason"] = finish


def said(reply: Body) -> Any:
    """The parsed JSON of a reply."""
    return json.loads(reply["choices"][0]["message"]["content"])


def settings(address: str = "http://127.0.0.1:1/v1", **changes: Any) -> Params:
    """The project's params with the oracle for every stage. Changes are named by path: `complete__attempts=1`."""
    tree = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    tree["models"]["remote"] = {"oracle": {
        "base_url": address, "model": "oracle", "revision": "1", "provider": "here", "rights": "open",
        "price": {"prompt": 0.0, "completion": 0.0}}}
    pool = tree["candidates"]["pool"].values()
    for section in (*(tree[s] for s in ("textbook", "wikipedia", "evolve", "score", "complete", "judge")), *pool):
        section["model"] = "oracle"
    tree["evolve"]["verifier"] = tree["complete"]["solver"] = ["oracle"]
    for path, value in changes.items():
        *sections, name = path.split("__")
        inner = tree
        for part in sections:
            inner = inner[part]
        inner[name] = value
    return Params.model_validate(tree)


def exam(row_id: str, stem: str, options: Sequence[str], key: str, **more: Any) -> Instruction:
    """An exam item. `more` replaces fields."""
    lettered = [Option(letter, text) for letter, text in zip("ABCDEFGHIJ", options, strict=False)]
    return _row(row_id, stem, options=lettered, key=key, **{"category": "exam", "kind": "exam", **more})


def asked(row_id: str, text: str, **more: Any) -> Instruction:
    """An open question. `more` replaces fields."""
    return _row(row_id, text, **more)


def _row(row_id: str, text: str, **more: Any) -> Instruction:
    given: dict[str, Any] = {
        "id": row_id, "source": "medqa", "category": "open", "kind": "clinical", "synthetic": False,
        "messages": [Message("user", text)], "options": [], "key": None, "reference": None, "parent": None, "round": 0,
        "family": row_id, "rights": "open", "as_of": None, "origin": "test:1"}
    return Instruction(**given | more)
