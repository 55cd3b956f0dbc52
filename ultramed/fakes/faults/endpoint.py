"""What the fault endpoint answers, and what it counts."""

import asyncio
import hashlib
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ultramed.fakes.faults.batch_api import BatchApi
from ultramed.fakes.faults.kinds import TRANSPORT_FAULTS, Script, spoilt
from ultramed.fakes.oracle import Oracle, completion, status_routes


@dataclass
class Try:
    """One request, or one line of a batch, as the server saw it; times are from `time.time()`."""

    key: str  # hash of the body
    came: float
    fault: str = ""
    went: float | None = None  # when the last byte of a sound answer was handed to the kernel, or a line was done


@dataclass
class FaultEndpoint:
    """Answers chat requests from the oracle, with the faults that the script draws for them."""

    script: Script
    oracle: Oracle
    tries: list[Try] = field(default_factory=list)
    seen: Counter = field(default_factory=Counter)  # tries by key

    async def chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        attempt, chance = self._try(raw)
        await asyncio.sleep(chance.uniform(*self.script.latency_s))
        body = self._answer(json.loads(raw), attempt.fault)
        if attempt.fault in TRANSPORT_FAULTS:
            return await TRANSPORT_FAULTS[attempt.fault](self.script, request, body)
        response = web.Response(body=body, content_type="application/json")
        await response.prepare(request)
        await response.write_eof()
        attempt.went = time.time()
        return response

    def line(self, raw: bytes) -> tuple[str, bytes]:
        """Answer a batch line, given its request body: the fault that hits it, or "", and its completion."""
        attempt, _ = self._try(raw)
        body = self._answer(json.loads(raw), attempt.fault)
        attempt.went = None if attempt.fault in TRANSPORT_FAULTS else time.time()
        return attempt.fault, body

    def _try(self, raw: bytes) -> tuple[Try, random.Random]:
        """Record a try and draw its fault by content."""
        attempt = Try(hashlib.sha256(raw).hexdigest(), time.time())
        self.tries.append(attempt)
        self.seen[attempt.key] += 1
        chance = random.Random(f"{self.script.seed} {attempt.key}")
        attempt.fault = self._fault(chance.random(), self.seen[attempt.key])
        return attempt, chance

    def _fault(self, drawn: float, number: int) -> str:
        for fault in self.script.faults:
            if drawn < fault.share:
                return fault.kind if fault.times is None or number <= fault.times else ""
            drawn -= fault.share
        return ""

    def _answer(self, body: dict[str, Any], fault: str) -> bytes:
        """The whole completion, with its content fault if there is one."""
        text, alternatives = (self.script.reply, []) if self.script.reply is not None else self.oracle.reply(body)
        if fault == "wrong":
            text = json.dumps(spoilt(json.loads(text))) if text.startswith("{") else "{}"
        text = {"empty": "", "refusal": "I'm sorry, I can't help with that."}.get(fault, text)
        reason = "length" if fault == "length" else "stop"
        return json.dumps(completion(body, text, alternatives, reason)).encode()

    def report(self) -> dict[str, Any]:
        """Counts of all tries, of distinct requests, and of tries by fault."""
        kinds = Counter(attempt.fault or "none" for attempt in self.tries)
        return {"tries": len(self.tries), "requests": len(self.seen), "by_fault": dict(sorted(kinds.items()))}


def application(endpoint: FaultEndpoint) -> web.Application:
    """HTTP routes: chat completions, files, batches, models, health; `/report` has the counts, `/tries` every try."""
    batches = BatchApi(endpoint.script, endpoint.line)

    async def report(_: web.Request) -> web.Response:
        return web.json_response(endpoint.report() | batches.report())

    async def tries(_: web.Request) -> web.Response:
        return web.json_response([vars(attempt) for attempt in endpoint.tries])

    app = web.Application(client_max_size=512 * 2**20)  # the largest file that OpenAI accepts
    app.add_routes([web.post("/v1/chat/completions", endpoint.chat), web.get("/report", report),
                    web.get("/tries", tries), *status_routes("faults"), *batches.routes()])
    return app
