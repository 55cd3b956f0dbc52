"""Dates of birth: a date in digits or words after a cue."""

import re
from collections.abc import Iterator

from ultramed.curation.identifiers.passage import Passage

_MONTH = (r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f[ée]v(?:rier)?|mar(?:ch|s|zo|ço)?|m[äa]rz|apr(?:il|ile)?"
          r"|avr(?:il)?|may|mai|jun[ei]?|juin|jul[yi]?|juillet|aug(?:ust)?|ao[uû]t|sept?(?:ember|embre)?|o[ck]t(?:ober"
          r"|obre|ubre)?|nov(?:ember|embre|iembre)?|de[cz](?:ember|embre)?|d[ée]c(?:embre)?|enero|abril|mayo|agosto"
          r"|diciembre)(?![^\W\d_])\.?")
_UNITS = "one two three four five six seven eight nine"
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
             "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth")


def _any(words: str) -> str:
    return f"(?:{'|'.join(words.split())})"


_DAY = (rf"(?:\d{{1,2}}(?:st|nd|rd|th|º|\.)?|(?:(?:twenty|thirty)[\s-])?{_any(_ORDINALS + ' ' + _UNITS)}\b"
        rf"|{_any(_TEENS)}\b)")
_PAIR = rf"(?:{_any(_TENS)}(?:[\s-]{_any(_UNITS)})?|{_any(_TEENS)}|(?:oh|o|and)[\s-]{_any(_UNITS)})"
_YEAR = (rf"(?:(?:19|20)\d\d\b|['’]?\d\d\b|(?:nineteen|twenty)[\s-](?:hundred\s)?{_PAIR}\b"
         rf"|two\sthousand(?:\s(?:and\s)?{_PAIR})?\b)")
_OF = r"[\s.,/-]{0,3}(?:day\s)?(?:of\s|de\s)?"
_DATE = re.compile(
    rf"(?:the\s)?(?:\d{{1,4}}\s?[/.\-–\s]\s?\d{{1,2}}\s?[/.\-–\s]\s?\d{{2,4}}(?!\d)"
    rf"|{_DAY}{_OF}{_MONTH}[\s,./-]{{0,3}}{_YEAR}|{_MONTH}[\s,./-]{{0,2}}(?:the\s)?{_DAY}[\s,./-]{{0,3}}{_YEAR}"
    rf"|{_YEAR}(?:\son)?[\s,./-]{{1,3}}{_MONTH}[\s,./-]{{0,3}}(?:the\s)?{_DAY}|(?:christmas|new\syear['’]?s?)\s(?:day"
    rf"|eve),?\s\d{{4}})")
_MONTH_YEAR = re.compile(rf"{_MONTH}[\s,./-]{{1,3}}(?!\d\d\b){_YEAR}|\d{{1,2}}[/.-](?:19|20)\d\d\b")
_YEAR_ALONE = re.compile(r"(?:19|20)\d\d\b(?!\s?[-–/]\s?\d)")

_LABEL = re.compile(
    r"(?:d\.?\s?/?o\.?\s?/?b\b\.?|dates?\s+of\s+birth\b|birth\s?-?date\b|birth\s?day\b|year\s+of\s+birth\b"
    r"|geburtsdatum\b|geb(?:oren)?\b\.?(?:\s+am)?|(?:date\s+(?:de\s+)?)naissance\b|née?\s+le\b"
    r"|(?:fecha\s+de\s+)nacimiento\b|nacid[oa]\s+el\b|data\s+di\s+nascita\b|nat[oa]\s+il\b|data\s+de\s+nascimento\b"
    r"|geboortedatum\b|data\s+urodzenia\b|födelsedatum\b|fødselsdato\b|doğum\s+tarihi\b)")
_BORN = re.compile(r"(?:born\b|b\.(?=\s?\d)|turned\s(?=\d))")
_FILLER = re.compile(  # "(dd/mm/yyyy)", "is the", ":"
    r"(?:\s*\([a-z]{1,4}[/.\- ][a-z]{1,4}(?:[/.\- ][a-z]{1,4})?\))?(?:\s*(?:\b(?:is|was|on|the|in|as|el|le|am"
    r"|\d{1,2}\son)\b|[:=#.,(–-]))*\s*")
_GROUP = re.compile(  # of a study, a register or a law
    r"\b(?:infants|babies|children|neonates|newborns|patients|women|men|girls|boys|people|persons|individuals"
    r"|participants|subjects|adults|cohorts?|births|singletons|those|all|who|mothers|siblings|first)\b")
_OWN = re.compile(r"\b(?:my|our|i|me)\b")
_LONG_AGO = re.compile(r"\b1[0-8]\d\d\b")
_BEFORE = 40  # characters before "born" that may hold its subject
_YEAR_WORDS = ("nineteen", "twenty", "two thousand")
_LABEL_HINTS = (
    "birth", "dob", "d.o", "d/o", "d o b", "d. o", "geburtsdatum", "geb. ", "geb ", "geboren", "geboortedatum",
    "naissance", "né le", "née le", "nacimiento", "nacid", "nato il", "nata il", "nascita", "nascimento",
    "urodzenia", "födelse", "fødsels", "doğum",
)


def find(passage: Passage) -> Iterator[tuple[int, int]]:
    """Dates after a cue. After a label, a month or a year is enough; "born" needs the day, unless people speak of
    themselves."""
    if not passage.numbers and not passage.has(_YEAR_WORDS):
        return
    text = passage.lower
    if passage.has(_LABEL_HINTS):
        for cue in _LABEL.finditer(text):
            if passage.stands_alone(cue.start()) and (date := _labelled(text, cue.end())):
                yield date.span()
    if passage.has(("born", "b.", "turned")):
        for cue in _BORN.finditer(text):
            if passage.stands_alone(cue.start(), ".") and (date := _born(passage, cue)):
                yield date.span()


def _labelled(text: str, end: int) -> re.Match[str] | None:
    start = _past_filler(text, end)
    date = _DATE.match(text, start) or _MONTH_YEAR.match(text, start)
    if date is None and start > end:
        date = _YEAR_ALONE.match(text, start)
    return date if date and not _LONG_AGO.search(date[0]) else None


def _born(passage: Passage, cue: re.Match[str]) -> re.Match[str] | None:
    text, subject = passage.lower, passage.before(cue.start(), _BEFORE)
    own = _OWN.search(subject)
    if _GROUP.search(subject) and not own:
        return None
    start = _past_filler(text, cue.end())
    date = _DATE.match(text, start) or (own and _MONTH_YEAR.match(text, start))
    return date if date and not _LONG_AGO.search(text, date.start(), date.end() + 6) else None


def _past_filler(text: str, start: int) -> int:
    match = _FILLER.match(text, start)
    return match.end() if match else start
