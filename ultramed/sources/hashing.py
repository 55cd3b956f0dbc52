"""SHA-256 of a file or folder: the pin of anything on disk."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from ultramed.errors import SourceError
from ultramed.sources.leftovers import is_leftover


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes; of a folder over its sorted lines "<sha256>  <relative posix path>\\n".

    Raises SourceError for an empty folder and for anything that is neither a file nor a folder.
    """
    return files_hash(path, content(path)) if path.is_dir() else file_hash(path)


def content(folder: Path) -> list[str]:
    """The files under a folder without what desktops and tools leave there; raises as `listed` does."""
    names = [name for name in listed(folder) if not is_leftover(PurePosixPath(name))]
    if not names:
        raise SourceError(str(folder), "holds no file; expected at least 1", "correct the location in params.yaml")
    return names


def files_hash(folder: Path, names: Iterable[str]) -> str:
    """The hash of a folder over some of its files."""
    lines = sorted(f"{file_hash(folder / name)}  {name}\n" for name in names)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a regular file's bytes."""
    if not path.is_file():
        raise SourceError(str(path), "is neither a file nor a folder", "correct the location in params.yaml")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def listed(folder: Path) -> list[str]:
    """Relative posix paths of all files under a folder, sorted; `__pycache__` is left out.

    Raises SourceError for a link to a folder, which might lead anywhere or form a loop, and for an empty folder.
    """
    names = sorted(_walk(folder))
    if not names:
        raise SourceError(str(folder), "holds no file; expected at least 1", "correct the location in params.yaml")
    return names


def _walk(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder, onerror=_raise):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in folders:
            if (linked := Path(parent, name)).is_symlink():
                raise SourceError(str(linked), "is a link to a folder, not followed", "replace it with the files")
        yield from (Path(parent, name).relative_to(folder).as_posix() for name in names)


def _raise(error: OSError) -> None:
    raise error
