"""The only file that touches the Hub: sends a release folder as it lies, and tags what arrived.

The token is the one `huggingface_hub` finds (`HF_TOKEN`, or its own login) and is never printed. `HF_ENDPOINT` is
read when that library is imported, which therefore happens inside the functions here.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ultramed
from ultramed.errors import PublishError, UltramedError
from ultramed.release.provenance import file_hash

if TYPE_CHECKING:
    from huggingface_hub import HfApi

KIND = "dataset"
AGAIN = "run the same command again: what has arrived is not sent twice"
OURS = re.compile(r"README\.md|NOTICE\.md|lineage\.json|\.gitattributes|data/(instructions|preference|rewardbench)/.+")
STATUS = {  # HTTP status → what it means here, and the way out
    401: ("does not accept the token", "set HF_TOKEN to a valid token with write access"),
    403: ("does not let this token write here", "use a token with write access to this owner"),
    404: ("knows no such owner or repository, or hides it from this token", "look at --repo-id and the token"),
    412: ("was changed by someone else meanwhile", AGAIN),
    429: ("asks to slow down", AGAIN),
}


@dataclass(frozen=True)
class Shipment:
    """What to send, and where to."""

    folder: Path
    repo_id: str
    profile: str
    tag: str | None
    public: bool
    message: str  # of the commit

    @property
    def gated(self) -> bool:
        return self.profile == "research"


@dataclass(frozen=True)
class Remote:
    """A repository as the Hub has it."""

    private: bool
    commit: str
    files: dict[str, str]  # path → SHA-256 of a large file, git blob id of a small one
    tags: dict[str, str]  # tag → commit
    profile: str | None  # of the release it holds; None when it holds none


@dataclass(frozen=True)
class Published:
    url: str
    commit: str


def publish(shipment: Shipment) -> Published:
    """Send the folder, delete what the Hub holds beyond it, tag the commit. Sending the same again changes nothing.

    Raises PublishError, in one line, for whatever the Hub or the network answers.
    """
    from huggingface_hub import HfApi

    _require_token(shipment.repo_id)
    api = HfApi(library_name="ultramed", library_version=ultramed.__version__)
    with _plainly(api.endpoint, shipment.repo_id):
        remote = _remote(api, shipment.repo_id)
        if remote:
            _refuse(remote, shipment)
        _prepare(api, shipment, remote)
        commit = _send(api, shipment)
        if shipment.tag and (remote is None or shipment.tag not in remote.tags):
            api.create_tag(shipment.repo_id, tag=shipment.tag, revision=commit, repo_type=KIND)
        if shipment.public:
            api.update_repo_settings(shipment.repo_id, private=False, repo_type=KIND)
    return Published(f"{api.endpoint}/datasets/{shipment.repo_id}", commit)


def differing(folder: Path, remote: dict[str, str]) -> list[str]:
    """Paths that are not the same in the folder and on the Hub, `.gitattributes` aside."""
    local = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    other = {path for path in {*local, *remote} if (path in local) != (path in remote)}
    other |= {path for path in {*local} & {*remote} if _hash_as(local[path], remote[path]) != remote[path]}
    return sorted(other - {".gitattributes"})


def _hash_as(path: Path, like: str) -> str:
    """The file's hash of the kind that `like` is: SHA-256 (64 digits) or git blob id (40)."""
    if len(like) == 64:
        return file_hash(path)
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _require_token(repo_id: str) -> None:
    from huggingface_hub import get_token

    if not get_token():
        owner = repo_id.split("/")[0]
        raise PublishError("HF_TOKEN", "is not set", f"set it to a token with write access to '{owner}'")


def _remote(api: "HfApi", repo_id: str) -> Remote | None:
    """The repository's state; None when there is none that this token can see."""
    from huggingface_hub import RepoFile
    from huggingface_hub.errors import RepositoryNotFoundError

    try:
        info = api.dataset_info(repo_id)
    except RepositoryNotFoundError:
        return None
    tree = api.list_repo_tree(repo_id, recursive=True, revision=info.sha, repo_type=KIND)
    files = {f.path: f.lfs.sha256 if f.lfs else f.blob_id for f in tree if isinstance(f, RepoFile)}
    refs = api.list_repo_refs(repo_id, repo_type=KIND)
    tags = {tag.name: tag.target_commit for tag in refs.tags}
    profile = _profile(api, repo_id, str(info.sha)) if "lineage.json" in files else None
    return Remote(bool(info.private), str(info.sha), files, tags, profile)


def _profile(api: "HfApi", repo_id: str, commit: str) -> str | None:
    path = api.hf_hub_download(repo_id, "lineage.json", repo_type=KIND, revision=commit)
    found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    return found.get("profile")


def _refuse(remote: Remote, shipment: Shipment) -> None:
    """Raise PublishError where sending would destroy, reveal or contradict what is there."""
    where, profile = shipment.repo_id, remote.profile
    if foreign := sorted(path for path in remote.files if not OURS.fullmatch(path)):
        raise PublishError(where, f"holds {len(foreign)} file(s) that no release made, the first is {foreign[0]}",
                           "choose another --repo-id: publishing would delete them")  # fmt: skip
    if profile not in (None, shipment.profile):
        raise PublishError(where, f"holds profile '{profile}', and its history stays readable; this is "
                           f"'{shipment.profile}'", "choose another --repo-id for each profile")  # fmt: skip
    if not remote.private and not shipment.public:
        way = "make it private on the Hub" if shipment.gated else "add --public, or make it private on the Hub"
        raise PublishError(where, "is public already", way)
    if shipment.tag in remote.tags:
        _refuse_tag(remote.tags[shipment.tag], remote, shipment)


def _refuse_tag(marked: str, remote: Remote, shipment: Shipment) -> None:
    changed = differing(shipment.folder, remote.files)
    if marked != remote.commit or changed:
        why = f"{len(changed)} file(s) differ from it" if changed else f"this release is commit {remote.commit[:12]}"
        raise PublishError(f"{shipment.repo_id}, tag {shipment.tag}", f"marks commit {marked[:12]}, and {why}",
                           "choose another --tag: a published one never moves")  # fmt: skip


def _prepare(api: "HfApi", shipment: Shipment, remote: Remote | None) -> None:
    """The repository, private; gated before the first row of a research release is in it."""
    if remote is None:
        api.create_repo(shipment.repo_id, private=True, repo_type=KIND)
    if shipment.gated:
        api.update_repo_settings(shipment.repo_id, gated="manual", private=True, repo_type=KIND)


def _send(api: "HfApi", shipment: Shipment) -> str:
    """Upload, and see that what arrived is what lies here; returns the commit."""
    done = api.upload_folder(
        repo_id=shipment.repo_id, folder_path=shipment.folder, repo_type=KIND, commit_message=shipment.message,
        delete_patterns="*",
    )  # fmt: skip
    arrived = _remote(api, shipment.repo_id)
    if arrived is None or arrived.commit != done.oid or (changed := differing(shipment.folder, arrived.files)):
        what = f"{changed[0]} differs" if arrived and arrived.commit == done.oid else "its head is another commit"
        raise PublishError(shipment.repo_id, f"does not hold what was sent: {what}", AGAIN)
    return str(done.oid)


@contextmanager
def _plainly(endpoint: str, repo_id: str) -> Iterator[None]:
    """Turn what the Hub's client raises into one line."""
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
        raise PublishError(endpoint, f"the transfer broke off: {_first_line(error)}", AGAIN) from None


def _refused(endpoint: str, repo_id: str, status: int, error: Exception) -> PublishError:
    if status >= 500:
        return PublishError(endpoint, f"answers {status} after several tries", AGAIN)
    found, remedy = STATUS.get(status, (f"refuses: {_first_line(error)}", ""))
    return PublishError(f"{endpoint}: {repo_id}", f"{status}, the Hub {found}", remedy)


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
