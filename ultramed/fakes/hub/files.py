"""Requests about the files of a repository: upload, commit, list, download."""

import base64
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs

from ultramed.fakes.hub.messages import Request, Response, answer, repository, url
from ultramed.fakes.hub.store import FileEntry, HubError, Repository, Store

LARGE = 10 * 1024 * 1024  # bytes above which a file is sent as a large one
LARGE_SUFFIXES = (".parquet", ".safetensors", ".bin", ".arrow", ".zst", ".gz")


def preupload(store: Store, request: Request, kind: str, repo_id: str, revision: str) -> Response:
    """How to send each file, and what the branch holds under its name."""
    held = repository(store, request, kind, repo_id, write=True).files(revision)
    plan = []
    for file in request.json()["files"]:
        large = file["size"] > LARGE or file["path"].endswith(LARGE_SUFFIXES)
        item = {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
        if entry := held.get(file["path"]):
            item["oid"] = entry.sha256 or entry.oid
        plan.append(item)
    return answer({"files": plan})


def large_batch(store: Store, request: Request, repo_id: str, kind: str | None = None) -> Response:
    """Where to upload the large files that are still missing (clients without Xet)."""
    repository(store, request, kind, repo_id, write=True)
    objects = []
    for wanted in request.json()["objects"]:
        item = {"oid": wanted["oid"], "size": wanted["size"]}
        if not (store.blobs / wanted["oid"]).exists():
            item["actions"] = {"upload": {"href": f"{request.base}/_large/{wanted['oid']}", "header": {}}}
        objects.append(item)
    return answer({"transfer": "basic", "objects": objects})


def large_put(store: Store, request: Request, sha256: str) -> Response:
    store.put_large(sha256, request.body)
    return Response()


def xet_token(
    store: Store, request: Request, kind: str, repo_id: str, access: str, revision: str
) -> Response:
    repository(store, request, kind, repo_id, write=access == "write")
    address, token, expires = f"local://{store.cas.resolve()}", "loopback", int(time.time()) + 3600
    headers = {
        "X-Xet-Cas-Url": address, "X-Xet-Access-Token": token, "X-Xet-Token-Expiration": str(expires)
    }
    return answer({"accessToken": token, "exp": expires, "casUrl": address}, headers=headers)


def commit(store: Store, request: Request, kind: str, repo_id: str, revision: str) -> Response:
    """Apply the lines of a commit. Raises HubError 412 when the branch has moved on from the stated parent."""
    repo = repository(store, request, kind, repo_id, write=True)
    files, header = dict(repo.files(revision)), {}
    for line in filter(bytes.strip, request.body.splitlines()):
        step = json.loads(line)
        if step["key"] == "header":
            header = step["value"]
        else:
            _apply(store, files, step["key"], step["value"])
    if header.get("parentCommit") not in (None, repo.resolve(revision)):
        raise HubError(412, "PreconditionFailed", f"{revision} is no longer at {header['parentCommit']}")
    sha = store.commit(repo, revision, files, header.get("summary") or "")
    address = f"{url(request, repo)}/commit/{sha}"
    return answer({"success": True, "commitOid": sha, "commitUrl": address, "hookOutput": ""})


def _apply(store: Store, files: dict[str, FileEntry], key: str, value: dict[str, Any]) -> None:
    path = value["path"]
    if key == "file":
        content = base64.b64decode(value["content"])
        files[path] = FileEntry(store.put_blob(content), len(content))
    elif key == "lfsFile":
        files[path] = store.large_entry(value["oid"], value["size"])
    elif key == "deletedFile":
        files.pop(path, None)
    elif key == "deletedFolder":
        for name in [f for f in files if f.startswith(path.rstrip("/") + "/")]:
            del files[name]
    else:
        raise HubError(400, "BadRequest", f"the loopback Hub does not know the commit line '{key}'")


def tree(
    store: Store, request: Request, kind: str, repo_id: str, revision: str, path: str | None = None
) -> Response:
    files = repository(store, request, kind, repo_id).files(revision)
    prefix = f"{path.strip('/')}/" if path else ""
    below = {name: entry for name, entry in sorted(files.items()) if name.startswith(prefix)}
    if path and not below:
        raise HubError(404, "EntryNotFound", f"nothing under {path}")
    recursive = request.query.get("recursive", ["false"])[0].lower() in ("true", "1")
    items, folders = [], set()
    for name, entry in below.items():
        parts = name.removeprefix(prefix).split("/")
        depth = len(parts) if recursive else min(2, len(parts))
        folders |= {prefix + "/".join(parts[:i]) for i in range(1, depth)}
        if recursive or len(parts) == 1:
            items.append(_file(name, entry))
    return answer([_folder(name) for name in sorted(folders)] + items)


def paths_info(store: Store, request: Request, kind: str, repo_id: str, revision: str) -> Response:
    files = repository(store, request, kind, repo_id).files(revision)
    plain = request.headers.get("content-type", "").startswith("application/json")
    wanted = request.json()["paths"] if plain else parse_qs(request.body.decode())["paths"]
    items = [_file(p, files[p]) for p in wanted if p in files]
    return answer(items + [_folder(p) for p in wanted if any(f.startswith(p + "/") for f in files)])


def _file(path: str, entry: FileEntry) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "file", "oid": entry.oid, "size": entry.size, "path": path}
    if entry.sha256:
        item["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": 134}
    return item | ({"xetHash": entry.xet} if entry.xet else {})


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "oid": "0" * 40, "size": 0, "path": path}


def resolve(
    store: Store, request: Request, repo_id: str, revision: str, path: str, kind: str | None = None
) -> Response:
    """A file's content, whole or a byte range; for HEAD only its headers."""
    repo = repository(store, request, kind, repo_id)
    if repo.gated and not request.owner:
        raise HubError(401, "GatedRepo", f"access to {repo_id} is restricted")
    sha = repo.resolve(revision)
    if (entry := repo.files(sha).get(path)) is None:
        raise HubError(404, "EntryNotFound", f"no {path} at {revision}")
    headers = _file_headers(request, repo, sha, entry)
    if request.method == "HEAD":
        return Response(200, b"", headers | {"Content-Length": str(entry.size)})
    content = store.content(entry)
    if match := re.match(r"bytes=(\d+)-(\d*)", request.headers.get("range", "")):
        first, last = int(match[1]), min(int(match[2] or entry.size), entry.size - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{entry.size}"
        return Response(206, content[first : last + 1], headers)
    return Response(200, content, headers)


def _file_headers(request: Request, repo: Repository, sha: str, entry: FileEntry) -> dict[str, str]:
    tag = f'"{entry.sha256 or entry.oid}"'
    headers = {
        "Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", "X-Repo-Commit": sha,
        "ETag": tag, "X-Linked-Size": str(entry.size), "X-Linked-Etag": tag,
    }
    if entry.xet:
        refresh = f"{request.base}/api/{repo.kind}s/{repo.id}/xet-read-token/{sha}"
        headers |= {"X-Xet-Hash": entry.xet, "Link": f'<{refresh}>; rel="xet-auth"'}
    return headers


def validate_yaml(store: Store, request: Request) -> Response:
    return answer({"errors": [], "warnings": []})
