"""Datasets and models on the Hugging Face Hub: `hf://datasets/<owner>/<name>[/<path>]`, `hf://models/…`."""

import errno
import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ultramed.errors import SourceError

SCHEME = "hf://"
FULL_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubPlace:
    kind: str  # dataset | model
    repo_id: str  # <owner>/<name>
    path: str  # inside the repository, "" for all of it


def parse(where: str, location: str) -> HubPlace:
    """The parts of an hf:// location. Raises SourceError for any other form."""
    match = re.fullmatch(r"hf://(dataset|model)s/([\w.-]+/[\w.-]+)(?:/(.*))?", location)
    if not match:
        raise SourceError(where, "is not a Hub location",
                          "expected hf://datasets/<owner>/<name>[/<path>] or hf://models/…")
    return HubPlace(match[1], match[2], (match[3] or "").strip("/"))


def refuse_unpinned(name: str, location: str, revision: str | None) -> None:
    """Raise SourceError unless the revision is a full commit: a branch may move at any time."""
    if not FULL_COMMIT.fullmatch(revision or ""):
        problem = f"revision is {revision or ''!r}; expected a full commit, 40 hex digits"
        raise SourceError(f"{name}: {location}", problem, f"run `ultramed pin {name}`")


def commit(where: str, location: str, revision: str | None) -> str:
    """The full commit that a branch, tag or short commit names now (default: the main branch).

    Raises SourceError if the Hub or the repository cannot be reached.
    """
    from huggingface_hub import HfApi

    place = parse(where, location)
    with _explained(where):
        return str(HfApi().repo_info(place.repo_id, repo_type=place.kind, revision=revision or None).sha)


def download(where: str, location: str, revision: str) -> Path:
    """The file or folder at a commit, in the Hub client's own cache (which resumes and shares).

    Raises SourceError if it cannot be downloaded.
    """
    from huggingface_hub import snapshot_download

    place = parse(where, location)
    exact = glob.escape(place.path)
    with _explained(where):
        snapshot = Path(snapshot_download(
            place.repo_id, repo_type=place.kind, revision=revision,
            allow_patterns=[exact, f"{exact}/*"] if place.path else None,
        ))
    if not (path := snapshot / place.path).exists():
        raise SourceError(where, f"holds no '{place.path}' at revision {revision}", "correct it in params.yaml")
    return path


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """Turn the Hub client's errors into one line each."""
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError:
        raise SourceError(where, "is gated", "accept its terms on its page and set HF_TOKEN") from None
    except errors.RepositoryNotFoundError:
        raise SourceError(where, "does not exist, or you have no access", "correct it, or set HF_TOKEN") from None
    except errors.RevisionNotFoundError:
        raise SourceError(where, "has no such revision", "correct it in params.yaml") from None
    except (errors.HfHubHTTPError, errors.HFValidationError, errors.LocalEntryNotFoundError, OSError) as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS):
            raise
        problem = f"cannot be read from the Hub: {' '.join(str(error).split())[:200]}"
        raise SourceError(where, problem, "check the network, HF_ENDPOINT and HF_TOKEN") from None
