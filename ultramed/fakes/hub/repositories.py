"""Requests about whole repositories: create, delete, settings, listings, tags and history."""

from typing import Any

from ultramed.fakes.hub.messages import Request, Response, answer, repository, url
from ultramed.fakes.hub.store import KINDS, HubError, Repository, Store

DATE = "2000-01-01T00:00:00.000Z"  # the loopback Hub keeps no dates


def whoami(store: Store, request: Request) -> Response:
    if not request.owner:
        raise HubError(401, "Unauthorized", "Invalid credentials in Authorization header")
    token = {"role": "write", "displayName": "loopback"}
    return answer({"type": "user", "id": "0", "name": "tester", "orgs": [], "auth": {"accessToken": token}})


def create(store: Store, request: Request) -> Response:
    if not request.owner:
        raise HubError(401, "Unauthorized", "a token is needed to write")
    wanted = request.json()
    repo_id = f"{wanted.get('organization') or 'tester'}/{wanted['name']}"
    private = wanted.get("visibility") == "private" or bool(wanted.get("private"))
    kind, status = wanted.get("type") or "model", 200
    if (kind, repo_id) in store.repositories:
        repo, status = store.find(kind, repo_id), 409  # the client reads the address from this answer too
    else:
        repo = store.create(kind, repo_id, private)
    return answer({"url": url(request, repo), "name": repo_id, "id": "0" * 24}, status)


def delete(store: Store, request: Request) -> Response:
    wanted = request.json()
    kind = wanted.get("type") or "model"
    repo_id = f"{wanted.get('organization') or 'tester'}/{wanted['name']}"
    repository(store, request, f"{kind}s", repo_id, write=True)
    del store.repositories[kind, repo_id]
    store.save()
    return Response()


def settings(store: Store, request: Request, kind: str, repo_id: str) -> Response:
    repo, wanted = repository(store, request, kind, repo_id, write=True), request.json()
    if "visibility" in wanted:
        repo.private = wanted["visibility"] == "private"
    repo.gated = wanted.get("gated", repo.gated)
    store.save()
    return answer({"private": repo.private, "gated": repo.gated})


def listing(store: Store, request: Request, kind: str) -> Response:
    author = request.query.get("author", [""])[0]
    seen = [r for r in store.repositories.values() if request.owner or not r.private]
    wanted = [r for r in seen if r.kind == KINDS[kind] and author in ("", r.id.split("/")[0])]
    return answer([_info(r, r.resolve("main")) for r in wanted])


def info(store: Store, request: Request, kind: str, repo_id: str, revision: str = "main") -> Response:
    repo = repository(store, request, kind, repo_id)
    return answer(_info(repo, repo.resolve(revision)))


def _info(repo: Repository, sha: str) -> dict[str, Any]:
    return {
        "_id": "0" * 24, "id": repo.id, "author": repo.id.split("/")[0], "sha": sha, "private": repo.private,
        "gated": repo.gated, "disabled": False, "lastModified": DATE, "createdAt": DATE, "tags": [],
        "downloads": 0, "likes": 0, "siblings": [{"rfilename": path} for path in sorted(repo.files(sha))],
    }


def tag(store: Store, request: Request, kind: str, repo_id: str, revision: str) -> Response:
    repo, name = repository(store, request, kind, repo_id, write=True), request.json()["tag"]
    if name in repo.tags:
        raise HubError(409, "TagExists", f"tag {name} exists")
    repo.tags[name] = repo.resolve(revision)
    store.save()
    return answer({})


def untag(store: Store, request: Request, kind: str, repo_id: str, revision: str) -> Response:
    repo = repository(store, request, kind, repo_id, write=True)
    if repo.tags.pop(revision, None) is None:
        raise HubError(404, "RevisionNotFound", f"no tag {revision}")
    store.save()
    return Response()


def refs(store: Store, request: Request, kind: str, repo_id: str) -> Response:
    repo = repository(store, request, kind, repo_id)
    branches = [{"name": n, "ref": f"refs/heads/{n}", "targetCommit": c} for n, c in repo.branches.items()]
    tags = [{"name": n, "ref": f"refs/tags/{n}", "targetCommit": c} for n, c in repo.tags.items()]
    return answer({"branches": branches, "tags": tags, "converts": []})


def commits(store: Store, request: Request, kind: str, repo_id: str, revision: str) -> Response:
    repo = repository(store, request, kind, repo_id)
    sha: str | None = repo.resolve(revision)
    commits = []
    while sha:
        commit = repo.commits[sha]
        commits.append({"id": sha, "title": commit.title, "message": "", "date": DATE, "authors": []})
        sha = commit.parent
    return answer(commits)
