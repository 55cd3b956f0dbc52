"""Unpacking untrusted archives: plain files under the target folder, or an error."""

import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from ultramed.errors import SourceError

SUFFIXES = (".zip", ".tar.gz", ".tgz")
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, NotImplementedError)


@dataclass(frozen=True)
class _Member:
    name: str
    kind: str  # file | folder | link or device
    open: Callable[[], IO[bytes]]


def split(location: str) -> tuple[str, str]:
    """A location and the requested member: `….zip#questions/US/train.jsonl` names one file or folder inside."""
    base, _, member = location.partition("#")
    return (base, member.strip("/")) if base.lower().endswith(SUFFIXES) else (location, "")


def unpack(archive: Path, into: Path, member: str = "") -> None:
    """Unpack a zip or gzipped tar, or one member of it, into the folder.

    Raises SourceError for a damaged or encrypted archive, a path outside the folder, a link, device or missing member.
    """
    where, count = str(archive), 0
    try:
        for item in _zipped(archive) if zipfile.is_zipfile(archive) else _tarred(archive):
            name = _wanted(archive, item.name, member)
            if name is None or item.kind == "folder":
                continue
            if item.kind != "file":
                raise SourceError(where, f"member {item.name!a} is a {item.kind}; only plain files are unpacked",
                                  "unpack it yourself and give the folder as the location")
            _write(item, into / name)
            count += 1
    except DAMAGE as error:
        raise SourceError(where, f"cannot be unpacked: {' '.join(str(error).split())}", "fetch it again") from None
    if not count:
        raise SourceError(where, f"holds no file under '{member}'", "correct the location in params.yaml")


def _wanted(archive: Path, name: str, member: str) -> Path | None:
    """Where a member goes, relative to the target; None if another member was requested."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise SourceError(str(archive), f"member {name!a} points outside the folder", "do not use this archive")
    if not member:
        return Path(path)
    wanted = PurePosixPath(member)
    if path == wanted:
        return Path(path.name)
    return Path(path.relative_to(wanted)) if path.is_relative_to(wanted) else None


def _write(item: _Member, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with item.open() as source, open(target, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _zipped(path: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as file:
        for info in file.infolist():
            mode = info.external_attr >> 16
            plain = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
            kind = "folder" if info.is_dir() else "file" if plain else "link or device"
            yield _Member(info.filename, kind, partial(file.open, info))


def _tarred(path: Path) -> Iterator[_Member]:
    with tarfile.open(path, "r:gz") as file:
        for info in file:
            kind = "file" if info.isreg() else "folder" if info.isdir() else "link or device"
            yield _Member(info.name, kind, partial(_content, file, info))


def _content(file: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = file.extractfile(info)
    if content is None:
        raise tarfile.ReadError(f"member {info.name!a} has no content")
    return content
