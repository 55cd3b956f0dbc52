"""The Batch API of the fault endpoint, with OpenAI's routes and objects; nothing touches the disk."""

import asyncio
from typing import Any

from aiohttp import web

from ultramed.fakes.faults.batch import Answer, BatchJob
from ultramed.fakes.faults.files import Files, api_error, find
from ultramed.fakes.faults.kinds import TRANSPORT_FAULTS, Script

ASKED = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}  # the only values served
OPEN = {"validating", "in_progress", "finalizing"}


class BatchApi:
    """The files and batches of one endpoint; `answer` answers a line."""

    def __init__(self, script: Script, answer: Answer) -> None:
        self.script, self.answer = script, answer
        self.files = Files()
        self.batches: dict[str, BatchJob] = {}  # oldest first
        self.work: dict[str, asyncio.Task[None]] = {}

    def report(self) -> dict[str, int]:
        """Batches created, lines of all valid ones, files held now: inputs and outputs that were not deleted."""
        lines = sum(batch.accepted for batch in self.batches.values())
        return {"batches": len(self.batches), "batch_lines": lines, "files": len(self.files.objects)}

    async def create(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        content = find(self.files.contents, asked.get("input_file_id"))
        if wrong := [f"{name} is {asked.get(name)!r}" for name, only in ASKED.items() if asked.get(name) != only]:
            raise api_error(web.HTTPBadRequest, f"{', '.join(wrong)}; expected {ASKED}")
        if not _fits(asked.get("metadata") or {}):
            raise api_error(web.HTTPBadRequest, "metadata: expected at most 16 pairs, of at most 64 and 512 characters")
        fault = None if self.batches else self.script.batch_fault
        name = f"batch_{len(self.batches) + 1:06}"
        shown = {**ASKED, "input_file_id": asked["input_file_id"], "metadata": asked.get("metadata")}
        batch = self.batches[name] = BatchJob(name, shown, self.script, self.answer, self.files)
        self.work[name] = asyncio.create_task(batch.run(content, fault))
        if fault == "lost":
            return await TRANSPORT_FAULTS["reset"](self.script, request, b"")
        return web.json_response(batch.view())

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response(find(self.batches, request.match_info["id"]).view())

    async def newest(self, request: web.Request) -> web.Response:
        """A page of batches, newest first, from the start or from the one following `after`."""
        limit, after = request.query.get("limit", "20"), request.query.get("after")
        if not limit.isdecimal() or not 1 <= int(limit) <= 100:
            raise api_error(web.HTTPBadRequest, f"limit is {limit}; expected 1 to 100")
        left = list(reversed(self.batches.values()))
        if after is not None:
            left = left[left.index(find(self.batches, after)) + 1 :]
        page = [batch.view() for batch in left[: int(limit)]]
        first, last = (page[0]["id"], page[-1]["id"]) if page else (None, None)
        return web.json_response({"object": "list", "data": page, "first_id": first, "last_id": last,
                                  "has_more": len(page) < len(left)})

    async def cancel(self, request: web.Request) -> web.Response:
        """Answer `cancelling`; the next look finds `cancelled`, with the lines answered so far."""
        batch = find(self.batches, request.match_info["id"])
        if batch.shown["status"] not in OPEN:
            raise api_error(web.HTTPConflict, f"a batch that is {batch.shown['status']} cannot be cancelled")
        self.work[batch.shown["id"]].cancel()
        batch.turn("cancelling")
        response = web.json_response(batch.view())
        batch.close("cancelled")
        return response

    def routes(self) -> list[web.RouteDef]:
        one = "/v1/batches/{id}"
        return [*self.files.routes(), web.post("/v1/batches", self.create), web.get("/v1/batches", self.newest),
                web.get(one, self.show), web.post(f"{one}/cancel", self.cancel)]


def _fits(metadata: dict[str, Any]) -> bool:
    texts = all(len(key) <= 64 and isinstance(text, str) and len(text) <= 512 for key, text in metadata.items())
    return texts and len(metadata) <= 16
