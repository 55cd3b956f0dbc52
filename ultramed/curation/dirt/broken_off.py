"""Answers that break off: in the middle of a sentence, or where the name of a site was put over the rest of it.

A cut medical answer can lose its "not". Lists and notes end without a full stop and are whole: an answer counts as
broken off only where it ends on something that cannot end a sentence.
"""

import re

from ultramed.curation.cleaning.boilerplate import names
from ultramed.curation.vocabulary import listed

_LEADS_ON = listed(  # no sentence ends on one of these
    "a an the and or but nor of from by than because although while which whose whom your our their its is are was "
    "were has have had can could may might should would will must as if when into such including between due with for "
    "to in that very"
)
_ADDRESSED = listed(  # what sentences say that name the site they were written on
    "welcome thank thanks hi hello hey dear greetings regards contact contacting consult consulting consultation ask "
    "asking asked writing write wrote query question post posting posted visit visiting reach choose choosing chosen "
    "follow forum website answering trust faith service"
)
_BEFORE_NAME = listed("am i'm dr dr. doctor at on by from to the via through using of with for and in your our this is")
_SENTENCE_START = re.compile(r"[.!?\n]")
_SMILEY = re.compile(r"[:;=]-?\($")
_GOES_ON = re.compile(r"[,–]$|\w-$|(?<![:;=-])\($")
MIN_WORDS = 6  # of a last line that can break off; a shorter one is a heading, an entry of a list or a greeting
_WINDOW = 200  # characters before a name or the end that are looked at


def broken_off(answer: str) -> tuple[int, int] | None:
    """Where a cleaned answer breaks off, in characters; None for one that is whole."""
    for start, end in names(answer):
        if not _is_a_name(answer[max(0, start - _WINDOW) : start]):
            return start, end
    last = answer[answer.rfind("\n") + 1 :].rstrip()
    end = len(answer.rstrip())
    if _open_bracket(last):
        return end - len(last) + last.rfind("("), end
    tail = last.split()
    if len(tail) < MIN_WORDS:
        return None
    word = tail[-1]
    leads_on = word in _LEADS_ON and not (word == "a" and tail[-2].lower() in ("vitamin", "hepatitis", "type", "group"))
    return (end - len(word), end) if leads_on or _GOES_ON.search(word) else None


def _is_a_name(before: str) -> bool:
    """Whether the sentence speaks of the site by its name: "Welcome to …", "I am …", or begins with it."""
    words = _SENTENCE_START.split(before)[-1].lower().replace(",", " ").split()
    if not words or words[-1] in ("am", "i'm", "dr", "dear", "hello", "hi", "hey"):
        return True
    addressed = any(w in _ADDRESSED for w in words)
    return addressed and (words[-1] in _BEFORE_NAME or words[-1] in _ADDRESSED)


def _open_bracket(line: str) -> bool:
    at = line.rfind("(")
    if at < 0 or line.find(")", at) >= 0 or len(line.split()) < MIN_WORDS or line.endswith((".", "!", "?", "`", '"')):
        return False
    return not _SMILEY.search(line[: at + 1])
