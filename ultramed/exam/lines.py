"""Lines of an answer that hold one option and nothing else: "B", "**(B)**", "B. Lunate"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ultramed.exam.mention import Mention, mention_at
from ultramed.exam.options import Options

LONG = 160  # characters; a longer line is an explanation
_LETTERED = re.compile(r"[\s*_#>(\[•-]{0,20}+(?:(?:option|choice)\s+)?([A-Za-z])[*_]*[.):\]]", re.IGNORECASE)
_INLINE = re.compile(r"(?<![\w.])[(\[]?([A-Z])[.):\]]\s")
_AGAINST = re.compile(
    r"\b(?:incorrect|wrong|false|excluded|unlikely|ruled\s+out)\b|[✗✘❌?]", re.IGNORECASE
)
_NEGATED = re.compile(r"\b(?:is|are|does|do|was|would)\s+not\b|n['’]t\b", re.IGNORECASE)
_RIGHT = ("correct", "true", "yes", "right")
_REVIEW = re.compile(
    r"[\s*_#>(\[•-]{0,20}+(?:(?:option|choice)\s+)?[A-Za-z][*_]*[.):\]][*_\s]*(?:[^.!?\n]{1,80}?(?:[-–—:(]|is)[\s*_]*)?"
    r"(?P<verdict>correct|true|yes|right|incorrect|false|no|wrong)\b",
    re.IGNORECASE,
)
_EXPLAINS = re.compile(r"[)*_.,;:]{0,4}\s*(?:because|since|as|due)\b", re.IGNORECASE)
_DELIMITED = re.compile(r"[)\]*_]{0,4}\s*(?:[.):\]]|[-–—]\s)")
_INTRODUCES = re.compile(r":[\s*_]*$")
_ANSWER = re.compile(r"\b(?:answer|option|choice)\b", re.IGNORECASE)
_INK = re.compile(r"\w")


@dataclass(frozen=True)
class Line:
    start: int
    end: int
    letter: str | None  # that it opens with, as in a list of options


def bare_lines(text: str, options: Options) -> list[Mention]:
    """The first and the last line, where they are nothing but one letter; a small one where it is the whole text."""
    found = lines(text)
    made = []
    for number in sorted({0, len(found) - 1}) if found else []:
        line = found[number]
        mention = mention_at(text[: line.end], line.start, options, len(found) == 1)
        bare = mention and mention.end - mention.start == 1 and not _INK.search(text, mention.end, line.end)
        if mention and bare and _is_apart(text, found, number):
            made.append(mention)
    return made


def option_lines(text: str, options: Options) -> Iterator[Mention]:
    """The first and the last line, where they are one option with its text and no part of a list of options."""
    found = lines(text)
    for number in sorted({0, len(found) - 1}) if found else []:
        line = found[number]
        mention = mention_at(text[: line.end], line.start, options)
        if mention and line.end - line.start <= LONG and _alone(text, found, number, mention, options):
            yield mention


def reviewed_line(text: str, options: Options) -> list[Mention]:
    """The one line of a review of the options that calls its option correct, where every other calls its own wrong."""
    verdicts: dict[str, tuple[str, Line]] = {}
    for line in lines(text):
        said = _REVIEW.match(text, line.start, line.end) if line.letter else None
        if said and line.letter not in verdicts:
            verdicts[str(line.letter)] = said["verdict"].lower(), line
    right = [line for verdict, line in verdicts.values() if verdict in _RIGHT]
    if len(right) != 1 or len(verdicts) < max(2, len(options.words) - 1):
        return []
    mention = mention_at(text[: right[0].end], right[0].start, options)
    return [mention] if mention else []


def lines(text: str) -> list[Line]:
    """Lines that are not blank."""
    made, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            opens = _LETTERED.match(line)
            made.append(Line(start, start + len(line), opens[1].upper() if opens else None))
        start += len(line) + 1
    return made


def _alone(text: str, found: list[Line], number: int, mention: Mention, options: Options) -> bool:
    line = found[number]
    explained = bool(_EXPLAINS.match(text, mention.end))
    if options.named and not explained and (not mention.marked or _INK.search(text, mention.after, line.end)):
        return False
    if not options.named and not explained and not _DELIMITED.match(text, mention.end):
        return False
    said = text[line.start : line.end]
    others = {match[1] for match in _INLINE.finditer(said)} - {mention.letter}
    if others or _AGAINST.search(text, mention.after, line.end):
        return False
    if len(found) > 1 and _NEGATED.search(text, mention.after, line.end):  # one line alone may be an option's text
        return False
    return _is_apart(text, found, number)


def _is_apart(text: str, found: list[Line], number: int) -> bool:
    """Whether a first or last line stands for itself, and is neither listed with others nor introduced as no answer."""
    line = found[number]
    if number and number == len(found) - 1:
        before = found[number - 1]
        introduced = text[before.start : before.end]
        if _INTRODUCES.search(introduced) and not _ANSWER.search(introduced):
            return False
        lettered = any(other.letter for other in found[:number])
        return (not lettered or _parted(text, before, line)) and not _follows(found[:number], line)
    behind = found[number + 1 :]
    lettered = any(other.letter for other in behind)
    return (not lettered or _parted(text, line, behind[0])) and not _goes_on(line, behind)


def _parted(text: str, above: Line, below: Line) -> bool:
    return text.count("\n", above.end, below.start) > 1


def _follows(above: list[Line], line: Line) -> bool:
    """Whether the line is the next of a list of options."""
    lettered = [other.letter for other in above if other.letter]
    return bool(lettered and line.letter and ord(line.letter) == ord(lettered[-1]) + 1)


def _goes_on(line: Line, below: list[Line]) -> bool:
    lettered = [other.letter for other in below if other.letter]
    return bool(lettered and line.letter and ord(lettered[0]) == ord(line.letter) + 1)
