"""The fault endpoint: the oracle behind a bad line, an OpenAI-compatible loopback server that fails as told.

For tests and benchmarks: it counts what it was asked and when its answers had gone out, so that they can prove what was
sent again. Which requests are hit is drawn from their content and a seed, never from the order they come in.

    python -m ultramed.fakes.faults --script script.json --truth truth.json --port 0

Script, JSON, every part optional:
    seed                0
    latency_s           [0.0, 0.0]  an answer takes so long, drawn by content
    reply               null        a fixed text for every request, instead of the oracle's
    faults              [{"kind": "500", "share": 0.1, "times": 1}]
                        share: of all requests; times: of the first tries of one request, null for all of them
                        kinds: see fault_kinds.KINDS
    retry_after         0.2         seconds that `429-after` asks for
    stall_s             3600        how long `stall` says nothing, and how long `trickle` takes for a whole answer
    batch_s             0.0         seconds from the creation of a batch to its end
    batch_max_requests  50000       a batch with more lines, or of a bigger file, ends as `failed`
    batch_max_bytes     209715200
    batch_fault         null        of the first batch: "lost" creates it and resets the connection without an answer,
                                    "failed" ends it as such, "expired" ends it as such with half of its lines done

Chat requests can come as batches, too: the same faults hit their lines, and `tries` and `requests` count them, but no
line waits for `latency_s`. See fault_batch.py.
"""

import argparse
import asyncio
import hashlib
import json
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from ultramed.fakes.fault_batches import Batches
from ultramed.fakes.fault_kinds import KINDS, LINE, Script, spoilt
from ultramed.fakes.oracle import Oracle, completion, serve


@dataclass
class Try:
    """One request, or one line of a batch, as the server saw it; times are of `time.time()`."""

    key: str  # hash of the body
    came: float
    fault: str = ""
    went: float | None = None  # when the last byte of a sound answer was handed to the kernel, or a line was done


@dataclass
class Faults:
    """Chat requests answered by an oracle, or not."""

    script: Script
    oracle: Oracle
    tries: list[Try] = field(default_factory=list)
    seen: Counter = field(default_factory=Counter)  # tries by key

    async def chat(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        attempt, chance = self._try(raw)
        await asyncio.sleep(chance.uniform(*self.script.latency_s))
        body = self._answer(json.loads(raw), attempt.fault)
        if attempt.fault in LINE:
            return await LINE[attempt.fault](self.script, request, body)
        response = web.Response(body=body, content_type="application/json")
        await response.prepare(request)
        await response.write_eof()
        attempt.went = time.time()
        return response

    def line(self, raw: bytes) -> tuple[str, bytes]:
        """A line of a batch, by the body of its request: the fault that hits it, or "", and its completion."""
        attempt, _ = self._try(raw)
        body = self._answer(json.loads(raw), attempt.fault)
        attempt.went = None if attempt.fault in LINE else time.time()
        return attempt.fault, body

    def _try(self, raw: bytes) -> tuple[Try, random.Random]:
        """Notes a try, and draws by content which fault is its."""
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
        """The whole completion, with a fault of its content where one is due."""
        text, alternatives = (self.script.reply, []) if self.script.reply is not None else self.oracle.reply(body)
        if fault == "wrong":
            text = json.dumps(spoilt(json.loads(text))) if text.startswith("{") else "{}"
        text = {"empty": "", "refusal": "I'm sorry, I can't help with that."}.get(fault, text)
        reason = "length" if fault == "length" else "stop"
        return json.dumps(completion(body, text, alternatives, reason)).encode()

    def report(self) -> dict[str, Any]:
        """What was asked: in all, distinct requests, tries by fault."""
        kinds = Counter(attempt.fault or "none" for attempt in self.tries)
        return {"tries": len(self.tries), "requests": len(self.seen), "by_fault": dict(sorted(kinds.items()))}


def application(faults: Faults) -> web.Application:
    """The HTTP face: chat completions, files, batches, models, health; `/report` has the counts, `/tries` every try."""
    batches = Batches(faults.script, faults.line)

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": "faults", "object": "model"}]})

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def report(_: web.Request) -> web.Response:
        return web.json_response(faults.report() | batches.report())

    async def tries(_: web.Request) -> web.Response:
        return web.json_response([vars(attempt) for attempt in faults.tries])

    app = web.Application(client_max_size=512 * 2**20)  # the largest file that OpenAI takes
    app.add_routes([web.post("/v1/chat/completions", faults.chat), web.get("/v1/models", models),
                    web.get("/health", health), web.get("/report", report), web.get("/tries", tries),
                    *batches.routes()])
    return app


def main() -> None:
    kinds = "\n".join(f"    {kind:12} {meaning}" for kind, meaning in KINDS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"Kinds of fault:\n{kinds}\n\nGET /report counts what was asked, GET /tries lists every request.")
    parser.add_argument("--script", type=Path, help="JSON file; without it nothing fails")
    parser.add_argument("--truth", type=Path, help="the oracle's JSON file")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; the address is printed")
    given = parser.parse_args()
    script, truth = (json.loads(p.read_text(encoding="utf-8")) if p else {} for p in (given.script, given.truth))
    try:
        asyncio.run(serve(application(Faults(Script.read(script), Oracle(truth))), given.port))
    except ValueError as error:
        sys.exit(f"ERROR {given.script}: {error}")
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
