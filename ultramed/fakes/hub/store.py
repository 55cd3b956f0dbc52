"""Repositories, commits, tags and file contents of the loopback Hub, under one folder.

    <root>/state.json    repositories with their commits, branches and tags
    <root>/blobs/        file contents by git blob id (small files) or SHA-256 (large files sent without Xet)
    <root>/cas/          what the Xet client wrote: chunks and shards
    <root>/assembled/    files assembled from it, for clients that use plain HTTP
"""

import dataclasses
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ultramed.fakes.hub import xet

ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"
KINDS = {"models": "model", "datasets": "dataset", "spaces": "space"}


class HubError(Exception):
    """An error response: HTTP status, the Hub's error code, and a message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(message)


@dataclass(frozen=True)
class FileEntry:
    """One file of a commit."""

    oid: str  # git blob id
    size: int  # bytes
    sha256: str | None = None  # of a large file's content; None for small files
    xet: str | None = None  # Xet hash when the content went through the Xet client


@dataclass(frozen=True)
class Commit:
    files: dict[str, FileEntry]
    parent: str | None
    title: str


@dataclass
class Repository:
    kind: str  # model | dataset | space
    id: str
    private: bool = False
    gated: str | bool = False  # auto | manual | False
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def resolve(self, revision: str) -> str:
        """The commit id of a branch, tag or commit. Raises HubError 404 RevisionNotFound."""
        for names in (self.branches, self.tags):
            if revision in names:
                return names[revision]
        if revision in self.commits:
            return revision
        raise HubError(404, "RevisionNotFound", f"no revision {revision} in {self.id}")

    def files(self, revision: str) -> dict[str, FileEntry]:
        return self.commits[self.resolve(revision)].files


class Store:
    """Everything the loopback Hub remembers; a restart on the same folder continues from it."""

    def __init__(self, root: Path) -> None:
        self.root, self.cas, self.blobs = root, root / "cas", root / "blobs"
        for folder in (self.cas, self.blobs):
            folder.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()
        self.repositories = self._load()

    def find(self, kind: str, repo_id: str) -> Repository:
        """Raises HubError 404 RepoNotFound."""
        if (kind, repo_id) not in self.repositories:
            raise HubError(404, "RepoNotFound", f"no {kind} {repo_id}")
        return self.repositories[kind, repo_id]

    def create(self, kind: str, repo_id: str, private: bool) -> Repository:
        """Create a repository with one commit that holds `.gitattributes`."""
        repo = Repository(kind, repo_id, private)
        self.repositories[kind, repo_id] = repo
        entry = FileEntry(self.put_blob(ATTRIBUTES), len(ATTRIBUTES))
        self.commit(repo, "main", {".gitattributes": entry}, "initial commit")
        return repo

    def commit(self, repo: Repository, branch: str, files: dict[str, FileEntry], title: str) -> str:
        """Add a commit at the head of a branch; its id depends on content and history alone."""
        parent = repo.branches.get(branch)
        plain = {path: dataclasses.asdict(entry) for path, entry in files.items()}
        content = json.dumps([repo.kind, repo.id, parent, plain, title], sort_keys=True)
        sha = hashlib.sha1(content.encode()).hexdigest()
        repo.commits[sha] = Commit(files, parent, title)
        repo.branches[branch] = sha
        self.save()
        return sha

    def put_blob(self, content: bytes) -> str:
        """Store a small file's content. Returns its git blob id."""
        oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        (self.blobs / oid).write_bytes(content)
        return oid

    def put_large(self, sha256: str, content: bytes) -> None:
        """Store a large file sent without Xet. Raises HubError 400 if its hash is wrong."""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise HubError(400, "BadHash", f"the content sent is not {sha256}")
        (self.blobs / sha256).write_bytes(content)

    def large_entry(self, sha256: str, size: int) -> FileEntry:
        """The entry of a large file uploaded before, with or without Xet. Raises HubError 422 if it was not."""
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()
        oid = hashlib.sha1(b"blob %d\0" % len(pointer) + pointer).hexdigest()
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise HubError(400, "BadRequest", "a large file is named by its SHA-256")
        if (self.blobs / sha256).exists():
            return FileEntry(oid, size, sha256)
        if xet_hash := xet.index(self.cas).get(sha256):
            return FileEntry(oid, size, sha256, xet_hash)
        raise HubError(422, "LfsMissing", f"no content with SHA-256 {sha256} was uploaded")

    def content(self, entry: FileEntry) -> bytes:
        """The bytes of a file, assembled from the Xet store if they went there."""
        if entry.xet:
            return xet.read(self.cas, self.root / "assembled", entry.xet, entry.size)
        return (self.blobs / (entry.sha256 or entry.oid)).read_bytes()

    def stored_bytes(self) -> int:
        """Bytes of file content held, after deduplication."""
        chunks = (self.cas / "xet/xorbs/xorbs").glob("*")
        return sum(p.stat().st_size for p in [*chunks, *self.blobs.glob("*")])

    def save(self) -> None:
        state = [dataclasses.asdict(repo) for repo in self.repositories.values()]
        partial = self.root / "state.json.partial"
        partial.write_text(json.dumps(state, sort_keys=True), encoding="utf-8")
        partial.replace(self.root / "state.json")

    def _load(self) -> dict[tuple[str, str], Repository]:
        path = self.root / "state.json"
        state: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        for repo in state:
            repo["commits"] = {
                sha: Commit({p: FileEntry(**e) for p, e in c["files"].items()}, c["parent"], c["title"])
                for sha, c in repo["commits"].items()
            }
        return {(repo["kind"], repo["id"]): Repository(**repo) for repo in state}
