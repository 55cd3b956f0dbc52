"""HTTP messages, and who may see which repository."""

import json
from dataclasses import dataclass, field
from typing import Any

from ultramed.fakes.hub.store import KINDS, HubError, Repository, Store


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]  # names in lower case
    body: bytes
    base: str  # address of this server
    owner: bool  # whether it carried the accepted token

    def json(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")


@dataclass(frozen=True)
class Response:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A value as JSON."""
    return Response(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | (headers or {}))


def repository(
    store: Store, request: Request, kind: str | None, repo_id: str, write: bool = False
) -> Repository:
    """The repository, if this caller may see (or write) it; to others a private one does not exist."""
    if write and not request.owner:
        raise HubError(401, "Unauthorized", "a token is needed to write")
    repo = store.find(KINDS[kind or "models"], repo_id)
    if repo.private and not request.owner:
        raise HubError(404, "RepoNotFound", f"no {repo.kind} {repo_id}")
    return repo


def url(request: Request, repo: Repository) -> str:
    """The address of a repository's page."""
    return f"{request.base}/{'' if repo.kind == 'model' else repo.kind + 's/'}{repo.id}"
