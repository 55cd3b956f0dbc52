"""Streams a large JSON list or object, one element in memory at a time, and continues after a broken element.

The text window holds a few megabytes; PubMedQA's 500 MB object needs no more.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ultramed.errors import SourceError

BLOCK = 1 << 22  # characters read at a time
AHEAD = 1 << 20  # characters buffered before an element is decoded; a larger one is decoded again
LIMIT = 1 << 26  # characters within which a broken element must end
_DECODER = json.JSONDecoder()
_NEXT_ITEM = re.compile(r"\}\s*,\s*(?=\{)")
_NEXT_MEMBER = re.compile(r'\}\s*,\s*(?="[^"\n]{1,80}"\s*:\s*\{)')
_SPACE = re.compile(r"\s*")
_COLON = re.compile(r"\s*:\s*")


@dataclass(frozen=True)
class Damage:
    """An element that is not JSON."""

    reason: str


def reason(error: Exception) -> str:
    """Why text is not JSON, without the text itself or a position in an internal window."""
    message = error.msg if isinstance(error, json.JSONDecodeError) else "nested or long beyond reason"
    return f"is not valid JSON: {message.lower().removesuffix(' at').removesuffix(' starting')}"


def members(path: Path) -> Iterator[tuple[int, str | None, Any]]:
    """(line, member's name, value) of each element of a JSON list (name None) or object.

    A value that is not JSON is a Damage. Raises SourceError if no further element can be found.
    """
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        window = _Window(file, path)
        opening = window.peek()
        window.move(window.at + 1)
        yield from _walk(window, keyed=opening == "{")


def _walk(window: "_Window", keyed: bool) -> Iterator[tuple[int, str | None, Any]]:
    closing = "}" if keyed else "]"
    while (char := window.peek()) != closing:
        if not char:
            yield window.line, None, Damage(f"the file ends here, before its closing '{closing}'")
            return
        if char == ",":
            window.move(window.at + 1)
            continue
        line = window.line
        key, value = window.element(keyed)
        yield line, key, value
        if isinstance(value, Damage) and not window.peek():
            return
    window.move(window.at + 1)
    if window.peek():
        yield window.line, None, Damage(f"more text follows the closing '{closing}'")


class _Window:
    """A stretch of a file's text that moves forward and counts lines."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self.file, self.path = file, path
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def more(self) -> None:
        block = self.file.read(BLOCK)
        self.text, self.at, self.ended = self.text[self.at :] + block, 0, not block

    def move(self, to: int) -> None:
        self.line += self.text.count("\n", self.at, to)
        self.at = to

    def peek(self) -> str:
        """The next non-space character, "" at the end of the file."""
        while True:
            self.move(_SPACE.match(self.text, self.at).end())  # type: ignore[union-attr]
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self.more()

    def element(self, keyed: bool) -> tuple[str | None, Any]:
        """Decode the element that starts here and move past it."""
        while not self.ended and len(self.text) - self.at < AHEAD:
            self.more()
        while True:
            try:
                key, value, end = _decode(self.text, self.at, keyed)
                if self.ended or end < len(self.text):
                    self.move(end)
                    return key, value
            except (ValueError, RecursionError) as error:
                match = (_NEXT_MEMBER if keyed else _NEXT_ITEM).search(self.text, self.at)
                if match or self.ended:
                    self.move(match.end() if match else len(self.text))
                    return None, Damage(reason(error))
                self._refuse_endless()
            self.more()

    def _refuse_endless(self) -> None:
        if len(self.text) - self.at > LIMIT:
            problem = f"is not valid JSON, and no next element follows within {LIMIT:,} characters"
            raise SourceError(f"{self.path}:{self.line}", problem, "fix the file at that line")


def _decode(text: str, at: int, keyed: bool) -> tuple[str | None, Any, int]:
    key = None
    if keyed:
        key, at = _DECODER.raw_decode(text, at)
        colon = _COLON.match(text, at)
        if not isinstance(key, str) or not colon:
            raise json.JSONDecodeError("a member's name and ':' expected", "", 0)
        at = colon.end()
    value, end = _DECODER.raw_decode(text, at)
    return key, value, end
