"""The only module that talks to the Hub: sends a folder as it is, and tags the commit.

The token is the one `huggingface_hub` finds (`HF_TOKEN`, or its own login) and is never printed. `HF_ENDPOINT` is
read when that library is imported, so the functions here import it themselves.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import ultramed
from ultramed.errors import PublishError, UltramedError
from ultramed.release.provenance import file_hash
from ultramed.release.shipment import Kind, Published, Remote, Shipment

if TYPE_CHECKING:
    from huggingface_hub import HfApi

AGAIN = "run the same command again: what has arrived is not sent twice"
STATUS = {  # HTTP status → what it means here, and the way out
    401: ("does not accept the token", "set HF_TOKEN to a valid token with write access"),
    403: ("does not let this token write here", "use a token with write access to this owner"),
    404: ("knows no such owner or repository, or hides it from this token", "check --repo-id and the token"),
    412: ("was changed by someone else in the meantime", AGAIN),
    429: ("asks to slow down", AGAIN),
}


def publish(shipment: Shipment) -> Published:
    """Send the folder, delete all other files on the Hub, tag the commit. Sending it again changes nothing.

    Raises PublishError, in one line, for any error of the Hub or the network.
    """
    from huggingface_hub import HfApi

    _require_token(shipment.repo_id)
    api = HfApi(library_name="ultramed", library_version=ultramed.__version__)
    with _plainly(api.endpoint, shipment.repo_id):
        remote = _remote(api, shipment.repo_id, shipment.kind)
        if remote:
            _refuse(remote, shipment)
        else:
            _refuse_namesake(api, shipment)
        _prepare(api, shipment, remote)
        commit = _send(api, shipment)
        if shipment.tag and (remote is None or shipment.tag not in remote.tags):
            api.create_tag(shipment.repo_id, tag=shipment.tag, revision=commit, repo_type=shipment.kind.name)
        if shipment.public:
            api.update_repo_settings(shipment.repo_id, private=False, repo_type=shipment.kind.name)
    return Published(f"{api.endpoint}/{shipment.kind.page}{shipment.repo_id}", commit)


def differing(folder: Path, remote: dict[str, str]) -> list[str]:
    """Paths that differ between the folder and the Hub, except `.gitattributes`."""
    local = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    other = {path for path in {*local, *remote} if (path in local) != (path in remote)}
    other |= {path for path in {*local} & {*remote} if _hash_as(local[path], remote[path]) != remote[path]}
    return sorted(other - {".gitattributes"})


def _hash_as(path: Path, like: str) -> str:
    """The file's hash, of the same kind as `like`: SHA-256 (64 digits) or git blob id (40)."""
    if len(like) == 64:
        return file_hash(path)
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _require_token(repo_id: str) -> None:
    from huggingface_hub import get_token

    if not get_token():
        owner = repo_id.split("/")[0]
        raise PublishError("HF_TOKEN", "is not set", f"set it to a token with write access to '{owner}'")


def _remote(api: "HfApi", repo_id: str, kind: Kind) -> Remote | None:
    """The repository's state; None if this token can see none."""
    from huggingface_hub import RepoFile
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = api.repo_info(repo_id, repo_type=kind.name)
    except RepositoryNotFoundError:
        return None
    tree = api.list_repo_tree(repo_id, recursive=True, revision=info.sha, repo_type=kind.name)
    files = {f.path: f.lfs.sha256 if f.lfs else f.blob_id for f in tree if isinstance(f, RepoFile)}
    refs = api.list_repo_refs(repo_id, repo_type=kind.name)
    tags = {tag.name: tag.target_commit for tag in refs.tags}
    identity = _identity(api, repo_id, str(info.sha), kind) if kind.record in files else None
    return Remote(bool(info.private), str(info.sha), files, tags, identity)


def _identity(api: "HfApi", repo_id: str, commit: str, kind: Kind) -> str:
    path = api.hf_hub_download(repo_id, kind.record, repo_type=kind.name, revision=commit)
    return kind.identity(Path(path).read_text(encoding="utf-8", errors="replace"))


def _refuse_namesake(api: "HfApi", shipment: Shipment) -> None:
    """Raise PublishError if the id belongs to another kind of repository: it would be ambiguous."""
    other = shipment.kind.namesake
    if other and api.repo_exists(shipment.repo_id, repo_type=other):
        raise PublishError(shipment.repo_id, f"is a {other} on the Hub; expected a {shipment.kind.name}",
                           "choose another --repo-id")


def _refuse(remote: Remote, shipment: Shipment) -> None:
    """Raise PublishError if sending would destroy, reveal or contradict what is there."""
    where, kind = shipment.repo_id, shipment.kind
    if foreign := remote.foreign(kind):
        raise PublishError(where, f"holds {len(foreign)} file(s) that no {kind.maker} made, the first is {foreign[0]}",
                           "choose another --repo-id: publishing would delete them")
    if remote.identity not in (None, shipment.identity):
        raise PublishError(where, f"holds {kind.word} '{remote.identity}', and its history stays readable; this is "
                           f"'{shipment.identity}'", f"choose another --repo-id for each {kind.word}")
    if not remote.private and not shipment.public:
        way = "make it private on the Hub" if shipment.gated else "add --public, or make it private on the Hub"
        raise PublishError(where, "is already public", way)
    if shipment.tag in remote.tags:
        _refuse_tag(remote.tags[shipment.tag], remote, shipment)


def _refuse_tag(marked: str, remote: Remote, shipment: Shipment) -> None:
    changed = differing(shipment.folder, remote.files)
    if marked != remote.commit or changed:
        why = f"{len(changed)} file(s) differ from it" if changed else f"this is commit {remote.commit[:12]}"
        raise PublishError(f"{shipment.repo_id}, tag {shipment.tag}", f"marks commit {marked[:12]}, and {why}",
                           "choose another --tag: a published one never moves")


def _prepare(api: "HfApi", shipment: Shipment, remote: Remote | None) -> None:
    """Create the repository as private; gate it before the first file of a gated shipment arrives."""
    if remote is None:
        api.create_repo(shipment.repo_id, private=True, repo_type=shipment.kind.name)
    if shipment.gated:
        api.update_repo_settings(shipment.repo_id, gated="manual", private=True, repo_type=shipment.kind.name)


def _send(api: "HfApi", shipment: Shipment) -> str:
    """Upload, and check that the Hub holds the same files; returns the commit."""
    done = api.upload_folder(
        repo_id=shipment.repo_id, folder_path=shipment.folder, repo_type=shipment.kind.name,
        commit_message=shipment.message, delete_patterns="*",
    )
    arrived = _remote(api, shipment.repo_id, shipment.kind)
    if arrived is None or arrived.commit != done.oid or (changed := differing(shipment.folder, arrived.files)):
        what = f"{changed[0]} differs" if arrived and arrived.commit == done.oid else "its head is another commit"
        raise PublishError(shipment.repo_id, f"does not hold what was sent: {what}", AGAIN)
    return str(done.oid)


@contextmanager
def _plainly(endpoint: str, repo_id: str) -> Iterator[None]:
    """Turn any error of the Hub's client into one line."""
    import httpx2
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

    try:
        yield
    except UltramedError:
        raise
    except HFValidationError as error:
        raise PublishError("--repo-id", _first_line(error)) from None
    except HfHubHTTPError as error:
        raise _refused(endpoint, repo_id, error.response.status_code, error) from None
    except OfflineModeIsEnabled:
        raise PublishError("HF_HUB_OFFLINE", "is set, so nothing can be sent", "unset it") from None
    except httpx2.HTTPError as error:
        raise PublishError(endpoint, f"cannot be reached: {_first_line(error)}", AGAIN) from None
    except RuntimeError as error:  # the Xet client's
        raise PublishError(endpoint, f"the transfer was interrupted: {_first_line(error)}", AGAIN) from None


def _refused(endpoint: str, repo_id: str, status: int, error: Exception) -> PublishError:
    if status >= 500:
        return PublishError(endpoint, f"answers {status} after several tries", AGAIN)
    problem, remedy = STATUS.get(status, (f"refuses: {_first_line(error)}", ""))
    return PublishError(f"{endpoint}: {repo_id}", f"{status}, the Hub {problem}", remedy)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
