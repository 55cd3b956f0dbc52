"""The loopback Hub over HTTP, using only the standard library."""

import base64
import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from release_world import TOKEN, LoopbackHub

pytestmark = pytest.mark.slow  # starts a server


def ask(hub: LoopbackHub, method: str, path: str, value: Any = None, token: str | None = TOKEN) -> tuple[int, Any]:
    """(status, JSON or bytes) of one request."""
    body = value if isinstance(value, bytes) else json.dumps(value).encode() if value is not None else None
    request = urllib.request.Request(hub.url + path, body, method=method)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            content = answer.read()
            return answer.status, json.loads(content) if "json" in answer.headers.get("Content-Type", "") else content
    except urllib.error.HTTPError as error:
        return error.code, error.headers["X-Error-Code"]


def create(hub: LoopbackHub, visibility: str = "private") -> None:
    wanted = {"name": "x", "organization": "me", "type": "dataset", "visibility": visibility}
    assert ask(hub, "POST", "/api/repos/create", wanted)[0] == 200


def commit(hub: LoopbackHub, *steps: dict) -> tuple[int, Any]:
    lines = [{"key": "header", "value": {"summary": "s"}}, *steps]
    return ask(hub, "POST", "/api/datasets/me/x/commit/main", "\n".join(map(json.dumps, lines)).encode())


def small(path: str, content: bytes) -> dict:
    return {"key": "file", "value": {"path": path, "content": base64.b64encode(content).decode()}}


def test_private_repositories_do_not_exist_for_strangers(start_hub: Callable[..., LoopbackHub]) -> None:
    hub = start_hub()
    create(hub)
    commit(hub, small("a.txt", b"hello"))
    assert ask(hub, "GET", "/datasets/me/x/resolve/main/a.txt") == (200, b"hello")
    for path in ("/api/datasets/me/x", "/datasets/me/x/resolve/main/a.txt"):
        assert ask(hub, "GET", path, token=None) == (404, "RepoNotFound")
        assert ask(hub, "GET", path, token="hf_wrong") == (401, "Unauthorized")
    ask(hub, "PUT", "/api/datasets/me/x/settings", {"visibility": "public", "gated": "manual"})
    assert ask(hub, "GET", "/api/datasets/me/x", token=None)[1]["gated"] == "manual"
    assert ask(hub, "GET", "/datasets/me/x/resolve/main/a.txt", token=None) == (401, "GatedRepo")


def test_writing_needs_the_token(start_hub: Callable[..., LoopbackHub]) -> None:
    hub = start_hub("--token", "hf_other")
    wanted = {"name": "x", "organization": "me", "type": "dataset"}
    assert ask(hub, "POST", "/api/repos/create", wanted, token=None)[0] == 401
    assert ask(hub, "POST", "/api/repos/create", wanted)[0] == 401  # TOKEN is a different one
    assert ask(hub, "POST", "/api/repos/create", wanted, token="hf_other")[0] == 200


def test_commits_tags_and_contents_outlive_the_server(start_hub: Callable[..., LoopbackHub]) -> None:
    hub = start_hub()
    create(hub)
    first = commit(hub, small("a.txt", b"one"), small("b.txt", b"two"))[1]["commitOid"]
    ask(hub, "POST", f"/api/datasets/me/x/tag/{first}", {"tag": "v1"})
    commit(hub, small("a.txt", b"changed"), {"key": "deletedFile", "value": {"path": "b.txt"}})
    again = start_hub(root=hub.root)
    assert ask(again, "GET", "/datasets/me/x/resolve/v1/b.txt") == (200, b"two")
    assert ask(again, "GET", "/datasets/me/x/resolve/main/a.txt") == (200, b"changed")
    assert ask(again, "GET", "/datasets/me/x/resolve/main/b.txt") == (404, "EntryNotFound")
    assert ask(again, "POST", f"/api/datasets/me/x/tag/{first}", {"tag": "v1"}) == (409, "TagExists")
    assert ask(again, "GET", "/datasets/me/x/resolve/v2/a.txt") == (404, "RevisionNotFound")


def test_a_large_file_counts_only_once_its_content_is_here(start_hub: Callable[..., LoopbackHub]) -> None:
    hub = start_hub()
    create(hub)
    content = b"PAR1" * 100
    digest = hashlib.sha256(content).hexdigest()
    line = {"key": "lfsFile", "value": {"path": "a.parquet", "oid": digest, "size": len(content)}}
    assert commit(hub, line) == (422, "LfsMissing")
    assert ask(hub, "PUT", f"/_large/{digest}", b"something else") == (400, "BadHash")
    batch = ask(hub, "POST", "/datasets/me/x.git/info/lfs/objects/batch", {"objects": [{"oid": digest, "size": 400}]})
    assert batch[1]["objects"][0]["actions"]["upload"]["href"].endswith(digest)
    assert ask(hub, "PUT", f"/_large/{digest}", content)[0] == 200
    assert commit(hub, line)[0] == 200
    assert ask(hub, "GET", "/datasets/me/x/resolve/main/a.parquet") == (200, content)


def test_it_fails_when_asked_to_and_then_recovers(start_hub: Callable[..., LoopbackHub]) -> None:
    hub = start_hub("--fail-after", "1", "--fail-for", "2")
    statuses = [ask(hub, "GET", "/api/whoami-v2")[0] for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    assert [line["status"] for line in hub.requests()] == statuses
