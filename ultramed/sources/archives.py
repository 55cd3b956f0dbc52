"""Unpacking untrusted archives: plain files under the target folder, within limits, or an error."""

import gzip
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from urllib.parse import urlsplit

from ultramed.errors import SourceError
from ultramed.params.models import Unpacking
from ultramed.sources.leftovers import is_leftover

SUFFIXES = (".zip", ".tar.gz", ".tgz")
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, struct.error, EOFError, RuntimeError,
          NotImplementedError, ValueError, OverflowError)
BLOCK = 1 << 20  # bytes read at a time
HEADER = 1 << 22  # bytes that a name, a link or an attribute in a tar may take
UNSUSPICIOUS = 1 << 22  # bytes that may come out of an archive however small it is


@dataclass(frozen=True)
class _Member:
    name: str
    kind: str  # file | folder | link or device
    size: int  # bytes, as the archive says
    open: Callable[[], IO[bytes]]


def is_url(location: str) -> bool:
    return location.lower().startswith(("http://", "https://"))


def split(location: str) -> tuple[str, str]:
    """A location and the member asked for: `….zip#questions/US/train.jsonl` names one file or folder inside.

    Behind an address everything after `#` is a member, since no server is ever sent it; a path may have a `#` of its
    own, and has a member only behind the suffix of an archive.
    """
    base, _, member = location.partition("#")
    return (base, member.strip("/")) if is_url(base) or _named(base) else (location, "")


def is_archive(path: Path) -> bool:
    """Whether a file is to be unpacked: by its name or, where that has no suffix (`…/data.zip/content`), by content."""
    return _named(path.name) or (not path.suffix and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path)))


def unpack(archive: Path, into: Path, member: str = "", limits: Unpacking | None = None) -> None:
    """Unpack a zip or gzipped tar, or one member of it, into the folder. Leftovers of desktops are passed over.

    Raises SourceError for a damaged or encrypted archive, a name that leads out of the folder or comes twice, a link
    or a device, a member that is not there, and for more than `limits` allow.
    """
    where, count = str(archive), 0
    allowance, written = _Allowance(archive, limits or Unpacking()), set[Path]()
    try:
        for item in _zipped(archive) if zipfile.is_zipfile(archive) else _tarred(archive):
            allowance.take(item)
            name = _wanted(archive, item.name, member)
            if name is None or item.kind == "folder":
                continue
            if item.kind != "file":
                raise SourceError(where, f"member {item.name!a} is a {item.kind}; only plain files are unpacked",
                                  "unpack it yourself and give the folder as the location")
            if name in written:
                raise SourceError(where, f"has two members {item.name!a}; one was expected", "do not use this archive")
            written.add(name)
            _write(item, into / name)
            count += 1
    except DAMAGE as error:
        raise SourceError(where, f"cannot be unpacked: {' '.join(str(error).split())}", "fetch it again") from None
    if not count:
        raise SourceError(where, f"holds no file under '{member}'", "correct the location in params.yaml")


class _Allowance:
    """What may still come out of an archive. Sizes are those that it states: no more is ever read of a member."""

    def __init__(self, archive: Path, limits: Unpacking) -> None:
        self._archive, self._limits, self._packed = archive, limits, archive.stat().st_size
        self._bytes = self._files = 0

    def take(self, item: _Member) -> None:
        """Count a member, also one that is passed over: it has to be read through all the same."""
        self._bytes, self._files = self._bytes + max(item.size, 0), self._files + 1
        ratio, gb = self._bytes / max(self._packed, 1), self._bytes / 1e9
        if self._files > self._limits.files:
            self._refuse(f"holds more than {self._limits.files:,} members", "files")
        if gb > self._limits.gb:
            self._refuse(f"unpacks to more than {self._limits.gb:g} GB", "gb")
        if ratio > self._limits.ratio and self._bytes > UNSUSPICIOUS:
            self._refuse(f"unpacks to more than {self._limits.ratio:g} times its {self._packed:,} bytes", "ratio")

    def _refuse(self, found: str, limit: str) -> None:
        raise SourceError(str(self._archive), f"{found}, which is the limit",
                          f"do not use this archive; one that you trust may have a larger unpack.{limit} beside its "
                          "location in params.yaml")


def _named(name: str) -> bool:
    """Whether a name, or the path of an address, has the suffix of an archive."""
    return (urlsplit(name).path if is_url(name) else name).lower().endswith(SUFFIXES)


def _wanted(archive: Path, name: str, member: str) -> Path | None:
    """Where a member goes, relative to the target; None for a leftover, and when another member was asked for."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise SourceError(str(archive), f"member {name!a} points outside the folder", "do not use this archive")
    wanted = PurePosixPath(member)
    if member and path == wanted:
        return Path(path.name)
    if member and not path.is_relative_to(wanted):
        return None
    inner = path.relative_to(wanted) if member else path
    return None if not inner.parts or is_leftover(inner) else Path(inner)


def _write(item: _Member, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    left = item.size
    with item.open() as source, open(target, "wb") as file:
        while left > 0 and (block := source.read(min(BLOCK, left))):
            file.write(block)
            left -= len(block)
        if left > 0 or source.read(1):
            raise zipfile.BadZipFile(f"member {item.name!a} is not as long as the archive says")


def _zipped(path: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(path) as file:
        for info in file.infolist():
            mode = info.external_attr >> 16
            plain = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
            kind = "folder" if info.is_dir() else "file" if plain else "link or device"
            yield _Member(info.filename, kind, info.file_size, partial(file.open, info))


class _Gzip(gzip.GzipFile):
    """A gzipped tar's bytes. tarfile reads a header in one piece, however long it claims to be."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return super().read(size)


def _tarred(path: Path) -> Iterator[_Member]:
    with _Gzip(path) as stream, tarfile.open(fileobj=stream, mode="r:") as file:
        while (info := file.next()) is not None:
            file.members = []  # type: ignore[attr-defined]  # kept only to resolve links, which are refused
            kind = "file" if info.isreg() else "folder" if info.isdir() else "link or device"
            yield _Member(info.name, kind, info.size, partial(_content, file, info))


def _content(file: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = file.extractfile(info)
    if content is None:
        raise tarfile.ReadError(f"member {info.name!a} has no content")
    return content
