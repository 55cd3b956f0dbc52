"""Pinned locations: resolved, verified against their pin, and copied into a folder that is complete or absent.

    data/raw/sample/medqa/train.jsonl            a file or folder, relative to the repository or absolute
    https://host/data.zip#questions/train.jsonl  a file; archives (.zip, .tar.gz, .tgz, local ones too) are unpacked,
                                                 in full or only the member after '#', which follows any query
    hf://datasets/<owner>/<name>[/<path>]        a repository on the Hub, or a file or folder in it
    package:<import name>/<path>                 a file or folder inside an installed Python package

Pins: `sha256` of the file (an archive before unpacking) or of the folder, see `hashing`; for hf://, a full `revision`.
"""

import errno
import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path

from ultramed import paths, tables
from ultramed.errors import EnvironmentFault, SourceError
from ultramed.params import Pin
from ultramed.params.models import Unpacking
from ultramed.sources import archives, hub
from ultramed.sources.archives import is_url as is_url
from ultramed.sources.download import Download, download
from ultramed.sources.hashing import content, content_hash, file_hash

CORRECT = "correct its location in params.yaml"


def fetch(name: str, pin: Pin, out: Path) -> None:
    """Copy the content of a location into the folder `out`, after comparing its hash with the pin.

    A folder's files keep their relative names, a single file its name. Raises SourceError for a missing or wrong pin
    and an unreadable or unreachable location, EnvironmentFault for a full disk; `out` is then left unchanged.
    """
    with tables.artifact(out) as staging:
        _copy(name, pin, out, staging)
    if is_url(base := archives.split(pin.location)[0]):
        with Download(base).claimed():
            Download(base).discard()


def fetch_all(pins: Mapping[str, Pin], out: Path) -> None:
    """Copy the content of each location into `out`/<name>, all or nothing; raises as `fetch` does.

    Downloads are kept, so that a changed pin downloads only that file. They may be deleted at any time.
    """
    with tables.artifact(out) as staging:
        for name, pin in pins.items():
            (staging / name).mkdir()
            _copy(name, pin, out, staging / name)


def current_hash(name: str, location: str, out: Path) -> str:
    """The current hash of a location (not hf://); a file at an address is downloaded for it.

    Raises SourceError as `fetch` does, also for a location in the folder `out` that fetch would replace.
    """
    where, base = f"{name}: {location}", archives.split(location)[0]
    try:
        if not is_url(base):
            source = resolve(where, base)
            _refuse_overlap(where, source, out)
            return content_hash(source)
        with Download(base).claimed():
            return content_hash(download(base))
    except OSError as error:
        raise fault(where, error) from None


def resolve(where: str, location: str) -> Path:
    """The local path of a location or of a package's file. Raises SourceError if it does not exist."""
    base = archives.split(location)[0]
    if base.startswith("package:"):
        return _in_package(where, base.removeprefix("package:"))
    if "://" in base:
        scheme = base.split("://")[0]
        raise SourceError(where, f"scheme '{scheme}' is unknown", "expected a path, https://, hf:// or package:")
    path = Path(base).expanduser()
    # a --temp or queued run's worktree lacks files that Git does not track: they are in the main repository
    for candidate in (path, paths.root() / path):
        if candidate.exists():
            return candidate
    raise SourceError(where, "does not exist; expected a file or folder", CORRECT)


def place(source: Path, member: str, into: Path, limits: Unpacking) -> None:
    """Copy a file, a folder's files, or an archive's content into a folder."""
    if source.is_dir():
        for relative in content(source):
            (into / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / relative, into / relative)
    elif member or archives.is_archive(source):
        archives.unpack(source, into, member, limits)
    else:
        shutil.copyfile(source, into / source.name)


def fault(where: str, error: OSError) -> EnvironmentFault | SourceError:
    """The error to raise for an operating system error."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentFault(where, f"{error.strerror}: it cannot be copied", "free some space and run it again")
    concerned = f" ({error.filename})" if error.filename else ""
    return SourceError(where, f"{error.strerror or error}{concerned}", CORRECT)


def _copy(name: str, pin: Pin, out: Path, into: Path) -> None:
    """Verify one location and copy its content into a folder that will be (part of) `out`."""
    where = f"{name}: {pin.location}"
    _refuse_unpinned(name, pin)
    base, member = archives.split(pin.location)
    try:
        with Download(base).claimed() if is_url(base) else nullcontext():
            source = _pinned(name, pin)
            _refuse_overlap(where, source, out)
            place(source, member, into, pin.unpack)
    except OSError as error:
        raise fault(where, error) from None


def _pinned(name: str, pin: Pin) -> Path:
    """The file or folder that the pin names. Raises SourceError if its content differs."""
    where, base = f"{name}: {pin.location}", archives.split(pin.location)[0]
    if base.startswith(hub.SCHEME):
        return hub.download(where, base, str(pin.revision))
    if is_url(base):
        earlier = Download(base)
        if earlier.file.is_file() and file_hash(earlier.file) == pin.sha256:  # kept from an earlier run
            return earlier.file
        source = download(base)
    else:
        source = resolve(where, base)
    if (holds := content_hash(source)) != pin.sha256:
        if is_url(base):
            Download(base).discard()
        raise SourceError(where, f"has SHA-256 {holds}, expected {pin.sha256}",
                          f"put the pinned content back, or `ultramed pin {name}` if the change is intended")
    return source


def _refuse_unpinned(name: str, pin: Pin) -> None:
    if pin.location.startswith(hub.SCHEME):
        hub.refuse_unpinned(name, pin.location, pin.revision)
    elif not pin.sha256:
        raise SourceError(f"{name}: {pin.location}", "has no pin: sha256 is empty, 64 hex digits expected",
                          f"run `ultramed pin {name}`")


def _refuse_overlap(where: str, source: Path, out: Path) -> None:
    """Replacing a folder that contains the location, or is inside it, would destroy the original."""
    original, target = source.resolve(), out.resolve()
    if original == target or original in target.parents or target in original.parents:
        raise SourceError(where, f"overlaps {out}, which this stage replaces", "keep the original somewhere else")


def _in_package(where: str, rest: str) -> Path:
    package, _, inner = rest.partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise SourceError(where, f"package '{package}' is not installed", "install the locked requirements, see README")
    if not (path := Path(folders[0]) / inner).exists():
        raise SourceError(where, f"package '{package}' holds no '{inner}'", CORRECT)
    return path
