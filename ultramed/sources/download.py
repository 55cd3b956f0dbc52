"""Downloads from http(s) addresses, streamed to disk; a retry resumes where the last one stopped.

Partial files are kept in `.ultramed/downloads/<hash of the address>/`, so the run after a killed stage resumes too.
"""

import fcntl
import hashlib
import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ultramed import paths
from ultramed.errors import SourceError
from ultramed.progress import Progress

BLOCK = 1 << 20  # bytes
ATTEMPTS = 4
TIMEOUT_S = 30.0  # without a byte
WAIT_S = 0.3  # before the second attempt, doubled for each further one
PASSING = (408, 425, 429, 500, 502, 503, 504)  # statuses worth another attempt
REMEDY = "check raw/models location in params.yaml and the network, then run `dvc repro` again"


@dataclass(frozen=True)
class Download:
    """Where the file of one address is kept on this machine."""

    url: str

    @property
    def folder(self) -> Path:
        return paths.home() / "downloads" / hashlib.sha256(self.url.encode()).hexdigest()[:16]

    @property
    def file(self) -> Path:
        """The complete file, named as in the address."""
        return self.folder / "whole" / file_name(self.url)

    @property
    def partial(self) -> Path:
        return self.folder / "partial"

    @property
    def validator(self) -> Path:
        """Holds the ETag or date of the file that `partial` is part of."""
        return self.folder / "validator"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Wait until no other process, such as a queued experiment, uses this download."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with open(self.folder.with_suffix(".lock"), "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def discard(self) -> None:
        """Delete what has arrived, so that the next attempt starts over."""
        shutil.rmtree(self.folder, ignore_errors=True)


def file_name(url: str) -> str:
    """The last part of the address's path, reduced to letters, digits, '.', '_' and '-'."""
    name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "download"


def download(url: str) -> Path:
    """Download the whole file; bytes that arrived earlier are not requested again.

    Raises SourceError if the server refuses, cannot be reached, or disconnects `ATTEMPTS` times.
    """
    target = Download(url)
    target.file.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(ATTEMPTS):
        try:
            _attempt(target)
            target.partial.replace(target.file)
            return target.file
        except urllib.error.HTTPError as error:
            last = f"the server answered {error.code} {error.reason}"
            if error.code == 416:  # the partial file is not part of the current one
                target.partial.unlink(missing_ok=True)
            elif error.code not in PASSING:
                break
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            last = f"cannot be reached: {getattr(error, 'reason', error)}"
        except ValueError as error:
            last = f"is not a valid address: {error}"
            break
        if attempt + 1 < ATTEMPTS:
            time.sleep(WAIT_S * 2**attempt)
    raise SourceError(url, last, REMEDY)


def _attempt(target: Download) -> None:
    """Request the missing bytes and append them. Raises ConnectionError if fewer arrive than announced."""
    start = target.partial.stat().st_size if target.partial.exists() else 0
    with urllib.request.urlopen(_request(target, start), timeout=TIMEOUT_S) as reply:
        resumed = reply.status == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        length = reply.headers.get("Content-Length")
        start = start if resumed else 0
        target.validator.write_text(reply.headers.get("ETag") or reply.headers.get("Last-Modified") or "")
        arrived = _append(reply, target, start, int(length) if length else None)
    if length and arrived < int(length):
        raise ConnectionError(f"broke off after {start + arrived} of {start + int(length)} bytes")


def _request(target: Download, start: int) -> urllib.request.Request:
    headers = {"User-Agent": "ultramed"}
    if start:
        headers["Range"] = f"bytes={start}-"
        known = target.validator.read_text() if target.validator.exists() else ""
        if known and not known.startswith("W/"):
            headers["If-Range"] = known
    return urllib.request.Request(target.url, headers=headers)


def _append(reply: Any, target: Download, start: int, length: int | None) -> int:
    """Write after the first `start` bytes; returns the number written."""
    arrived = 0
    total = None if length is None else -(-length // BLOCK)
    with open(target.partial, "ab" if start else "wb") as file, Progress(f"{target.file.name}, MiB", total) as bar:
        while block := reply.read(BLOCK):
            file.write(block)
            arrived += len(block)
            bar.step()
    return arrived
