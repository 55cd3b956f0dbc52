"""Pinned locations: resolved, verified against their pin, and copied into a folder that is whole or not there.

    data/raw/sample/medqa/train.jsonl            a file or folder, relative to the repository or absolute
    https://host/data.zip#questions/train.jsonl  a file; archives (.zip, .tar.gz, .tgz, local ones too) are unpacked,
                                                 whole or the one member behind '#'; a query stands before it
    hf://datasets/<owner>/<name>[/<path>]        a repository on the Hub, or a file or folder of it
    package:<import name>/<path>                 a file or folder that an installed Python package carries

Pins: `sha256` of the file (an archive before unpacking) or of the folder, see `hashing`; hf:// a full `revision`.
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
    """Copy what a location holds into the folder `out`, after its hash has been compared with the pin.

    A folder's files keep their relative names, a single file its name. Raises SourceError for a missing or wrong
    pin and for what cannot be read or reached, EnvironmentFault when the disk is full; `out` is then left alone.
    """
    with tables.artifact(out) as staging:
        _bring(name, pin, out, staging)
    if is_url(base := archives.split(pin.location)[0]):
        with Download(base).claimed():
            Download(base).discard()


def fetch_all(pins: Mapping[str, Pin], out: Path) -> None:
    """Copy what each location holds into `out`/<name>, all or nothing; raises as `fetch` does.

    Downloads are kept, so that a changed pin brings that one file alone. They may be deleted at any time.
    """
    with tables.artifact(out) as staging:
        for name, pin in pins.items():
            (staging / name).mkdir()
            _bring(name, pin, out, staging / name)


def current_hash(name: str, location: str, out: Path) -> str:
    """The hash of what a location (no hf://) holds now; a file behind an address is brought here for it.

    Raises SourceError as `fetch` does, also for a location in the folder `out` that fetch would replace.
    """
    where, base = f"{name}: {location}", archives.split(location)[0]
    try:
        if not is_url(base):
            found = resolve(where, base)
            _refuse_overlap(where, found, out)
            return content_hash(found)
        with Download(base).claimed():
            return content_hash(download(base))
    except OSError as error:
        raise fault(where, error) from None


def resolve(where: str, location: str) -> Path:
    """Where a path or a package's file lies on this machine. Raises SourceError when it is not there."""
    base = archives.split(location)[0]
    if base.startswith("package:"):
        return _in_package(where, base.removeprefix("package:"))
    if "://" in base:
        scheme = base.split("://")[0]
        raise SourceError(where, f"scheme '{scheme}' is unknown", "expected a path, https://, hf:// or package:")
    path = Path(base).expanduser()
    # a --temp or queued run's worktree lacks files that Git does not track: they lie in the main repository
    for candidate in (path, paths.root() / path):
        if candidate.exists():
            return candidate
    raise SourceError(where, "is not there; expected a file or folder", CORRECT)


def place(found: Path, member: str, into: Path, limits: Unpacking) -> None:
    """Copy a file, a folder's files, or an archive's content into a folder."""
    if found.is_dir():
        for relative in content(found):
            (into / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found / relative, into / relative)
    elif member or archives.is_archive(found):
        archives.unpack(found, into, member, limits)
    else:
        shutil.copyfile(found, into / found.name)


def fault(where: str, error: OSError) -> EnvironmentFault | SourceError:
    """What to tell a person about an operating system's error."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EnvironmentFault(where, f"{error.strerror}: it cannot be copied", "free some space and run it again")
    concerned = f" ({error.filename})" if error.filename else ""
    return SourceError(where, f"{error.strerror or error}{concerned}", CORRECT)


def _bring(name: str, pin: Pin, out: Path, into: Path) -> None:
    """Verify one location and copy its content into a folder that will be (part of) `out`."""
    where = f"{name}: {pin.location}"
    _refuse_unpinned(name, pin)
    base, member = archives.split(pin.location)
    try:
        with Download(base).claimed() if is_url(base) else nullcontext():
            found = _pinned(name, pin)
            _refuse_overlap(where, found, out)
            place(found, member, into, pin.unpack)
    except OSError as error:
        raise fault(where, error) from None


def _pinned(name: str, pin: Pin) -> Path:
    """The file or folder that the pin names. Raises SourceError when its content is another."""
    where, base = f"{name}: {pin.location}", archives.split(pin.location)[0]
    if base.startswith(hub.SCHEME):
        return hub.download(where, base, str(pin.revision))
    if is_url(base):
        brought = Download(base)
        if brought.file.is_file() and file_hash(brought.file) == pin.sha256:  # kept
            return brought.file
        found = download(base)
    else:
        found = resolve(where, base)
    if (holds := content_hash(found)) != pin.sha256:
        if is_url(base):
            Download(base).discard()
        raise SourceError(where, f"has SHA-256 {holds}, expected {pin.sha256}",
                          f"put the pinned content back, or `ultramed pin {name}` if the change is meant")
    return found


def _refuse_unpinned(name: str, pin: Pin) -> None:
    if pin.location.startswith(hub.SCHEME):
        hub.refuse_unpinned(name, pin.location, pin.revision)
    elif not pin.sha256:
        raise SourceError(f"{name}: {pin.location}", "has no pin: sha256 is empty, 64 hex digits expected",
                          f"run `ultramed pin {name}`")


def _refuse_overlap(where: str, found: Path, out: Path) -> None:
    """Replacing a folder that holds the location, or lies in it, would destroy what was to be copied."""
    here, there = found.resolve(), out.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise SourceError(where, f"overlaps {out}, which this stage replaces", "keep the original somewhere else")


def _in_package(where: str, rest: str) -> Path:
    package, _, inner = rest.partition("/")
    spec = find_spec(package) if package.isidentifier() else None
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise SourceError(where, f"package '{package}' is not installed", "install the locked requirements, see README")
    if not (found := Path(folders[0]) / inner).exists():
        raise SourceError(where, f"package '{package}' holds no '{inner}'", CORRECT)
    return found
