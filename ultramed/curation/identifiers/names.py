"""Personal names, found by their cues: a title, "my name is", "patient:", "my son", a signature, an age.

Names without a cue are not searched for, because eponyms (Parkinson, Crohn, Graves) are everywhere in medicine.
"""

import re
from collections.abc import Iterator

from ultramed.curation.identifiers import given, titles
from ultramed.curation.identifiers.passage import Passage
from ultramed.curation.identifiers.shapes import LOWER, SPACE, UPPER, Name, before, follows, read, read_small
from ultramed.curation.vocabulary import NO_NAMES

_TITLE_HERE = re.compile(rf"(?:{titles.TITLES})\b\.?{SPACE}")
_NO_PERSON_NAME = re.compile(
    r"(?:drug|brand|trade|generic|product|medicine|test|common|gene|study|trial|procedure|chemical)\s$")
_TOLD = re.compile(r"(?:name\s*(?:['’]?s|is|was)|am\s+called|call\s+me)(?:\s*:)?\s+")
_WHOSE = re.compile(r"(?:\b(?:my|his|her|our)|['’]s)\s+(?:\w{3,12}['’]s\s+)?(?:full\s+)?$|\bi\s+$|^\W*$|(?:friends"
                    r"|people)\s+$")
_OWN = re.compile(r"\b(?:my|i|me)(?:\sfull)?\s*$|^\s*$")
_GOES_ON = re.compile(r"\s*(?:[,.;]|$)")
_LABEL = re.compile(
    r"(?:name\s+of\s+(?:the\s+)?(?:patient|child|mother|father)|name|next\s+of\s+kin|emergency\s+contact|guardian"
    r"|nombre|apellidos?|prénom|cognome|vorname|nachname|imię|nazwisko|signed)(?:\s+by\b)?[^\S\n]*(?:[:=–-]"
    r"|\bis\b)?[^\S\n]*")
_LABEL_HINTS = (
    "name", "next of kin", "emergency contact", "guardian", "nombre", "apellido", "prénom", "cognome", "imię",
    "nazwisko", "signed by", "signed:",
)
_OF_PERSON = re.compile(
    r"\b(?:patient|pt|mother|father|husband|wife|child|baby|guardian|full|given|maiden|first|last"
    r"|family)(?:['’]?s)?\s+$|\bsur$|\bfore$")
_COLON = re.compile(r"[:=：]\s*")
_DASH = re.compile(r" [-–]\s+")
_RELATIVES = (
    r"husband|wife|spouse|partner|boyfriend|girlfriend|fianc[ée]e?|son|daughter|mother|father|mom|mum|dad|brother"
    r"|sister|baby|child|grandson|granddaughter|grandmother|grandfather|aunt|uncle|cousin|nephew|niece|friend"
    r"|neighbou?r|carer|boss|doctor|gp|surgeon|cardiologist|oncologist|neurologist|psychiatrist|dentist|dermatologist"
    r"|therapist|midwife|physician")
_WEAK_LABEL = re.compile(
    r"\b(?:name|patient|pt|re|attn|cc|client|surgeon|consultant|physician|provider|attending|donor|witness|caller"
    rf"|{_RELATIVES}|paciente|paziente|patientin|patiente|pacjent(?:ka)?|hasta|пациент(?:ка)?"
    r"|имя|фио|患者|姓名|氏名|이름|환자"
    rf"|नाम|मरीज|الاسم|المريض|שם)\s*$")
_KIN = re.compile(rf"(?:my|our|his|her|'s|’s)\s+(?:{_RELATIVES})(?:\s+is)?,?{SPACE}(?=[^\W\d])")
_CAPITAL = re.compile(rf" (?<=[\w,] )(?=[{UPPER}][{LOWER}])")
_KIN_BEFORE = re.compile(rf"(?<!the )\b(?:{_RELATIVES})(?:\sis)?,? $")
_PATIENT = re.compile(rf"(?:patient|client|donor|witness|caller|baby\s+of|пациент(?:ка)?)(?:,{SPACE}|{SPACE}\("
                      rf"|{SPACE})(?=[^\W\d])")
_WITH = re.compile(
    r"(?:this\s+is|myself|i\s+am|i['’]m|i,|spoke\s+(?:with|to)|talked\s+(?:with|to)|by|booked\s+for|dear|hello|hi)"
    rf"{SPACE}(?=[^\W\d])")
_FIRST = re.compile(r"[^\W\d_]+")
_SEEN = re.compile(r"\b(?:seen|examined|referred|reviewed|operated|accompanied)\s+$")
_AGED = re.compile(r",\s(?:an?\s)?(?=\d{1,3}(?:[\s,)-]|[mfy]|$)|dob\b|d\.o|mrn\b|uhid\b|[mf]/\d)"
                   r"| (?=\d{1,2}/\d{1,2}/\d{2,4})| \((?=\d{1,3}\D|dob\b|d\.o|mrn\b|aged)")
_CERTAIN = re.compile(
    r",?\s\(?(?:is\s)?(?:an?\s)?(?:\d{1,3}(?:[\s-]?(?:years?|yrs?|y/?o|y|m|f)\b|,?\s(?:male|female|man|woman)\b)|dob\b"
    r"|d\.o|mrn\b|uhid\b|[mf]/\d)")
_SEX_AND_AGE = re.compile(r"\s[mf]/\d")
_SUBJECT = re.compile(
    r"\s(?:presented|presents|complains|complained|reports|denies|was\s(?:admitted|seen|discharged|diagnosed|referred"
    r"|brought)|here,|is\san?\s\d{1,3}[\s-])")
_SIGNED = re.compile(
    r"(?:regards|sincerely|yours\s+truly|yours\s+faithfully|thank\s+you|thanks"
    r"|best\s+wishes)\b(?:\s+doctor)?\s*[,.:\n–-]\s*(?:dr\.?\s+)?")
_SIGNED_HINTS = ("regards", "sincerely", "yours", "thank", "wishes")
_END_OF_LINE = re.compile(r"[\s.,]*(?:\n|$)")


def find(passage: Passage) -> Iterator[tuple[int, int]]:
    """Spans of names after a cue, or before an age or a verb of patients, without the cue itself."""
    for source in (titles.find, _told, _labelled, _described, _related, _subjects, _signed):
        for name in source(passage):
            yield name.start, name.end


def _told(passage: Passage) -> Iterator[Name]:
    """After "my name is", where lower case is common."""
    if passage.has(("name", "am called", "call me")):
        for cue in _TOLD.finditer(passage.lower):
            if not _WHOSE.search(passage.before(cue.start(), 30)):
                continue
            if name := read(passage.text, cue.end(), comma=True) or _told_small(passage, cue):
                yield name


def _told_small(passage: Passage, cue: re.Match[str]) -> Name | None:
    """A lower-case name; "his name is synonymous with …" has none."""
    name = read_small(passage.text, cue.end())
    own = _OWN.search(passage.before(cue.start(), 12))
    return name if name and (own or name.known or _GOES_ON.match(passage.lower, name.end)) else None


def _labelled(passage: Passage) -> Iterator[Name]:
    """After "patient name", "next of kin", "surname:"."""
    if passage.has(_LABEL_HINTS):
        for cue in _LABEL.finditer(passage.lower):
            prefix, label = passage.before(cue.start(), 16), cue[0].rstrip()
            if not _is_label(passage, cue.start(), label, prefix) or _NO_PERSON_NAME.search(prefix):
                continue
            name = read(passage.text, cue.end(), comma=True)
            if name and not name.clinical:
                yield name


def _is_label(passage: Passage, start: int, label: str, prefix: str) -> bool:
    """Whether "name" follows a person, or another label ends in a colon, "by" or "is"."""
    if label.startswith("name"):
        return label.startswith("name of") or _OF_PERSON.search(prefix) is not None
    return passage.stands_alone(start, "-") and label.endswith((":", "=", "–", "-", " by", " is"))


def _described(passage: Passage) -> Iterator[Name]:
    """After a label that is not only used for people: "Name:", "Patient:", "Re:"."""
    for colon in (*_COLON.finditer(passage.text), *_DASH.finditer(passage.text)):
        label = _WEAK_LABEL.search(passage.before(colon.start(), 14))
        if label is None or _NO_PERSON_NAME.search(passage.before(colon.start() - len(label[0]), 14)):
            continue
        title = _TITLE_HERE.match(passage.text, colon.end())
        name = read(passage.text, title.end() if title else colon.end(), comma=True)
        if name and (name.foreign or _supported(passage, name)):
            yield name


def _related(passage: Passage) -> Iterator[Name]:
    """After "my son", "patient", "I am", "seen by"."""
    for cue in _KIN.finditer(passage.lower):
        if passage.stands_alone(cue.start()) or cue[0][0] in "'’":
            yield from _after(passage, cue.end(), False)
    for space in _CAPITAL.finditer(passage.text):
        if _KIN_BEFORE.search(passage.before(space.end(), 24)):
            yield from (name for name in _after(passage, space.end(), False) if name.opens_known)
    for cue in _PATIENT.finditer(passage.lower):
        if passage.stands_alone(cue.start()):
            yield from _after(passage, cue.end(), cue[0].rstrip()[-1] in ",(")
    for cue in _WITH.finditer(passage.lower):
        seen = not cue[0].startswith("by") or _SEEN.search(passage.before(cue.start(), 14))
        if seen and passage.stands_alone(cue.start()):
            # "I am Lactose Intolerant": two words prove nothing after "I am" or a greeting
            yield from _after(passage, cue.end(), not cue[0].startswith(("i", "hi", "hello", "dear")))


def _after(passage: Passage, start: int, pair: bool) -> Iterator[Name]:
    if passage.text[start].islower():
        yield from _small_after(passage, start)
    elif name := read(passage.text, start):
        shouted = passage.text[name.start : name.end].isupper() and passage.text[max(0, start - 5) : start].isupper()
        if (name.known or not shouted) and _supported(passage, name, pair):
            yield name


def _small_after(passage: Passage, start: int) -> Iterator[Name]:
    """A lower-case name needs to be a given name, and a comma or what people do after it."""
    word = _FIRST.match(passage.lower, start)
    if word is None or word[0] not in given.names() or word[0] in NO_NAMES:
        return
    if follows(passage, word.end()) or passage.text.startswith((",", ".", ";"), word.end()):
        yield Name(*word.span(), (word[0],))


def _supported(passage: Passage, name: Name, pair: bool = True) -> bool:
    """Whether a name after a weak cue is one: by a given name, by what follows or, if `pair`, by having two words."""
    return not name.clinical and (name.known or (pair and len(name.words) > 1) or follows(passage, name.end))


def _subjects(passage: Passage) -> Iterator[Name]:
    """Before an age, a date of birth or a verb of patients."""
    patterns = (_SUBJECT, _AGED, _SEX_AND_AGE) if passage.has(("m/", "f/")) else (_SUBJECT, _AGED)
    ends = sorted({cue.start() for pattern in patterns for cue in pattern.finditer(passage.lower)})
    for end in ends:
        name = before(passage.text, end, comma=True)
        if name and not name.clinical and _is_subject(passage, name, end):
            yield name


def _is_subject(passage: Passage, name: Name, end: int) -> bool:
    """Whether a name is certain by itself, or by the age, sex or number that follows."""
    last_first = "," in passage.text[name.start : name.end]
    sure = name.opens_known or name.foreign or (last_first and name.known)
    return sure or _CERTAIN.match(passage.lower, end) is not None


def _signed(passage: Passage) -> Iterator[Name]:
    if passage.has(_SIGNED_HINTS):
        for cue in _SIGNED.finditer(passage.lower):
            name = read(passage.text, cue.end())
            if name and _END_OF_LINE.match(passage.text, name.end) and _signs(passage, name):
                yield name


def _signs(passage: Passage, name: Name) -> bool:
    return name.known or len(name.words) > 1 or not passage.text[name.end :].strip(" .\n")
