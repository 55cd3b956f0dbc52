"""The files of the fault endpoint's Batch API, held in memory."""

import json
import time
from collections.abc import Mapping
from itertools import count
from typing import Any, TypeVar

from aiohttp import BodyPartReader, web

Held = TypeVar("Held")


def api_error(kind: type[web.HTTPException], message: str) -> web.HTTPException:
    """An error in the form of OpenAI's API, to raise."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return kind(text=json.dumps({"error": error}), content_type="application/json")


def find(held: Mapping[str, Held], name: object) -> Held:
    """The object with this id. Raises HTTPNotFound."""
    if not isinstance(name, str) or name not in held:
        raise api_error(web.HTTPNotFound, f"No such object: {name}")
    return held[name]


class Files:
    """File objects and contents by id."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.contents: dict[str, bytes] = {}
        self._numbers = count(1)  # an id is never reused, even after a deletion

    def keep(self, purpose: str, name: str, content: bytes) -> dict[str, Any]:
        file_id = f"file-{next(self._numbers):06}"
        self.contents[file_id] = content
        self.objects[file_id] = {"id": file_id, "object": "file", "bytes": len(content), "filename": name,
                                 "created_at": int(time.time()), "purpose": purpose, "status": "processed"}
        return self.objects[file_id]

    async def upload(self, request: web.Request) -> web.Response:
        parts: dict[str | None, bytes] = {}
        name = ""
        async for part in await request.multipart():  # `request.post` would write the file to disk
            if isinstance(part, BodyPartReader):
                parts[part.name] = bytes(await part.read())
                name = part.filename or name
        if parts.get("purpose") != b"batch" or "file" not in parts:
            raise api_error(web.HTTPBadRequest, "expected a file with the purpose 'batch'")
        return web.json_response(self.keep("batch", name, parts["file"]))

    async def show(self, request: web.Request) -> web.Response:
        return web.json_response(find(self.objects, request.match_info["id"]))

    async def content(self, request: web.Request) -> web.Response:
        return web.Response(body=find(self.contents, request.match_info["id"]))

    async def delete(self, request: web.Request) -> web.Response:
        find(self.objects, file_id := request.match_info["id"])
        del self.objects[file_id], self.contents[file_id]
        return web.json_response({"id": file_id, "object": "file", "deleted": True})

    def routes(self) -> list[web.RouteDef]:
        one = "/v1/files/{id}"
        return [web.post("/v1/files", self.upload), web.get(one, self.show), web.get(f"{one}/content", self.content),
                web.delete(one, self.delete)]
