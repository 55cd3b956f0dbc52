"""A file from an http(s) address, streamed to disk; a retry goes on where the last one stopped.

What has arrived lies in `.ultramed/downloads/<hash of the address>/`: also a killed stage's next run resumes it.
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
    """The place of one address's file on this machine."""

    url: str

    @property
    def folder(self) -> Path:
        return paths.home() / "downloads" / hashlib.sha256(self.url.encode()).hexdigest()[:16]

    @property
    def file(self) -> Path:
        """The whole file, under the address's own file name."""
        return self.folder / "whole" / file_name(self.url)

    @property
    def partial(self) -> Path:
        return self.folder / "partial"

    @property
    def validator(self) -> Path:
        """Holds the ETag or date of what `partial` is a part of."""
        return self.folder / "validator"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Wait until no other process, such as a queued experiment, works on this download."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with open(self.folder.with_suffix(".lock"), "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def discard(self) -> None:
        """Forget what has arrived, so that the next attempt starts afresh."""
        shutil.rmtree(self.folder, ignore_errors=True)


def file_name(url: str) -> str:
    """The last part of the address's path, reduced to letters, digits, '.', '_' and '-'."""
    name = unquote(urlsplit(url).path).rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "download"


def download(url: str) -> Path:
    """Bring the whole file here; what arrived earlier is not asked for again.

    Raises SourceError when the server refuses, cannot be reached, or breaks off `ATTEMPTS` times.
    """
    place = Download(url)
    place.file.parent.mkdir(parents=True, exist_ok=True)
    for attempt in range(ATTEMPTS):
        try:
            _attempt(place)
            place.partial.replace(place.file)
            return place.file
        except urllib.error.HTTPError as error:
            last = f"the server answered {error.code} {error.reason}"
            if error.code == 416:  # what lies here is no part of what is there now
                place.partial.unlink(missing_ok=True)
            elif error.code not in PASSING:
                break
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            last = f"cannot be reached: {getattr(error, 'reason', error)}"
        except ValueError as error:
            last = f"is no address: {error}"
            break
        if attempt + 1 < ATTEMPTS:
            time.sleep(WAIT_S * 2**attempt)
    raise SourceError(url, last, REMEDY)


def _attempt(place: Download) -> None:
    """Ask for what is still missing and append it. Raises ConnectionError when less than announced arrives."""
    start = place.partial.stat().st_size if place.partial.exists() else 0
    with urllib.request.urlopen(_request(place, start), timeout=TIMEOUT_S) as reply:
        resumed = reply.status == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        length = reply.headers.get("Content-Length")
        start = start if resumed else 0
        place.validator.write_text(reply.headers.get("ETag") or reply.headers.get("Last-Modified") or "")
        arrived = _append(reply, place, start, int(length) if length else None)
    if length and arrived < int(length):
        raise ConnectionError(f"broke off after {start + arrived} of {start + int(length)} bytes")


def _request(place: Download, start: int) -> urllib.request.Request:
    headers = {"User-Agent": "ultramed"}
    if start:
        headers["Range"] = f"bytes={start}-"
        known = place.validator.read_text() if place.validator.exists() else ""
        if known and not known.startswith("W/"):
            headers["If-Range"] = known
    return urllib.request.Request(place.url, headers=headers)


def _append(reply: Any, place: Download, start: int, length: int | None) -> int:
    """Bytes written behind the first `start` ones."""
    arrived = 0
    total = None if length is None else -(-length // BLOCK)
    with open(place.partial, "ab" if start else "wb") as file, Progress(f"{place.file.name}, MiB", total) as bar:
        while block := reply.read(BLOCK):
            file.write(block)
            arrived += len(block)
            bar.step()
    return arrived
