"""The option mentioned at one place of a text: by its letter, by its text, or by both."""

import re
from dataclasses import dataclass, replace

from ultramed.exam.options import Options
from ultramed.exam.organisms import organism_at
from ultramed.exam.wording import either

_OPEN = re.compile(
    r"""(?:[\s*_:："'“”‘’`(\[{$#>=→•~<✅✓✔👉]|[-–—]+\s|\\(?:boxed|fbox|text\w*|math\w+|left|bold\w*)\b\s*[{(]?|\\[(\[]){0,40}+"""
)
_LABEL = re.compile(
    r"(?:(?:is|the)\s+)?(?:(?:correct|best)\s+)?(?:answer|option|choice|letter|alternative)\b[\s*_:#(\[{\"']*+"
    r"(?:(?:choice|option|letter)\b[\s*_:#(\[{\"']*+)?(?:is\b[\s*_:(\[{\"']*+)?",
    re.IGNORECASE,
)
# no word, number, charge or hyphenated name goes on: "B12", "A's", "A+", "D-dimer", "B–lymphocytes"
_LETTER = re.compile(r"[A-Za-z](?![\w+°]|['’]\w|[-–—]\w)")
_CLOSE = re.compile(r"(?:[)\]}*_\"”`$>]|['’](?!\w)|\\[)\]])*+[.:。]?[)\]}*_\"'”’`$]*+")
_MARK = re.compile(r"\s*(?:$|\n|[.,:;!?|<。，：/\\(\[\"“✓✔✅]|[-–—=→]+\s)")
# behind a bare letter only these go on with the sentence; any other word makes a name of it: "A CT scan", "C fibres"
_GOES_ON = re.compile(r"\s+(?:" + either(
    "because as since and or for which with that due based given but so if unless in on here rather not the instead",
    "over by according is was would should must can cannot has does from among per when where while although",
    "though however therefore thus hence also only alone than making means being seems appears remains represents",
    "best most fits explains matches describes accounts") + r")\b")
_PRONOUN = re.compile(r"I\s+(?!(?:because|as|since|is|for|due|and|or|in)\b)")
_SEVERAL = re.compile(
    r"[)\]}*_\"'”’`]*+\s*(?:,\s*(?:and|or)\b|[,/&+]|and/or\b|and\b|or\b|versus\b|vs\b)\s*(?:both\s+)?"
    r"(?:(?:option|choice)\s+)?[*_(\[\"']*+(?P<second>[A-Za-z])\b(?![’'+]|[-–—]\w)"
    r"(?![*_)\]\"'.]*+\s+(?:is|was|would|can|cannot|could|has|does|may|might|must|should|seems)\b)"
)
_UNLIKE = re.compile(
    rf"\b(?:{either('not than over while but wrong incorrect unlike is are because since as')})\b|n['’]t\b",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"(?P<between>[^.?!\n]{0,80}?)\b(?:and|or)\s+(?:(?:option|choice)\s+)?[*(\[]*(?P<second>[A-Z])[.):\]]"
)
_SMALL_WORD = re.compile(r"\.?\s+[a-z]")


@dataclass(frozen=True)
class Mention:
    """An option, or None for several at once and for one that the item does not have.

    `start` and `end` hold the letter itself, or the text where no letter is given; `after` is where the whole mention
    ends, closing marks and the option's text included.
    """

    letter: str | None
    start: int
    end: int
    after: int
    marked: bool  # as an option: by a label, brackets, bold or the option's text


def mention_at(text: str, start: int, options: Options, small: bool = False) -> Mention | None:
    """The option mentioned at `start`, behind quotes, brackets, bold marks and words such as "option"; None where
    something else is named there. `small`: its letter may be a small one, as behind "the answer is"."""
    place = _OPEN.match(text, start).end()  # type: ignore[union-attr]  # it matches nothing, too
    if named := _by_text(text, place, options):
        return named
    if label := _LABEL.match(text, place):
        place = label.end()
        if named := _by_text(text, place, options):
            return named
    marked = bool(label) or any(mark in text[start:place] for mark in ("(", "[", "{", "**", "__"))
    letter = _LETTER.match(text, place)
    return _by_letter(text, letter, options, small, marked) if letter else None


def _by_text(text: str, place: int, options: Options) -> Mention | None:
    named = options.text_at(text, place)
    return Mention(named[0], place, named[1], named[1], True) if named else None


def _by_letter(text: str, found: re.Match[str], options: Options, small: bool, marked: bool) -> Mention | None:
    place, end = found.span()
    letter, after = found[0].upper(), _CLOSE.match(text, end).end()  # type: ignore[union-attr]
    if found[0].islower() and not (small and _stops(text, end, after, letter)):
        return None
    if second := _second(text, end, found[0], options):
        return Mention(None, place, second, second, True)
    own = options.shares_word(letter, text, after)
    if not own and (organism_at(text, place) or _is_name(text, end, after, options)):
        return None
    marked = marked or own or any(mark in text[end:after] for mark in ")]}*")
    known = Mention(letter if letter in options.words else None, place, end, after, marked)
    return _with_text(text, known, options)


def _stops(text: str, end: int, after: int, letter: str) -> bool:
    """Whether a small letter ends there: "a" and "i" are words where anything else goes on."""
    return after > end or bool(_MARK.match(text, end)) or (letter not in "AI" and bool(_GOES_ON.match(text, end)))


def _second(text: str, end: int, first: str, options: Options) -> int | None:
    """Where another letter ends that is chosen together with the first: "B and C", "A/B"."""
    several = _SEVERAL.match(text, end)
    if several is None or several["second"].isupper() != first.isupper():
        return None
    second = several["second"].upper()
    return several.end("second") if second in options.words and second != first.upper() else None


def _is_name(text: str, end: int, after: int, options: Options) -> bool:
    """Whether what follows makes the letter part of a name: "A CT scan", "C fibres"; with known texts also "B. name"
    in small letters that is not this option's text."""
    if after == end and not _MARK.match(text, end):
        return not _GOES_ON.match(text, end) or bool(_PRONOUN.match(text, end - 1))
    return options.named and text[end:after] == "." and bool(_SMALL_WORD.match(text, after))


def _with_text(text: str, found: Mention, options: Options) -> Mention:
    """With the text behind the letter; a letter beside the text of another option is none."""
    behind = re.compile(r"[\s:–—(*_-]*+").match(text, found.after).end()  # type: ignore[union-attr]
    named = options.text_at(text, behind) if "\n\n" not in text[found.after:behind] else None
    if named:
        agreed = found.letter if found.letter == named[0] else None
        found = replace(found, letter=agreed, after=named[1], marked=True)
    another = _ANOTHER.match(text, found.after)
    if another is None or another["second"] not in options.words or _UNLIKE.search(another["between"]):
        return found
    return found if another["second"] == found.letter else replace(found, letter=None)
