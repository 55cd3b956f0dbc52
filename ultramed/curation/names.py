"""Personal names, found by their cues: a title, "my name is", "patient:", a signature. Names without a cue are not
searched for, because eponyms (Parkinson, Crohn, Graves) are everywhere in medicine."""

import re
from collections.abc import Iterator

from ultramed.curation.vocabulary import NO_NAMES

SIGNATURE = 160  # characters at the end of a text that may hold a signature
_INTRODUCTION = re.compile(r"name|this is|called|myself|patient", re.IGNORECASE)
_NAME = r"(?:[A-Z]['’])?[A-Z][a-zà-ÿ]+(?:[A-Z][a-zà-ÿ]+|[-'’][A-Z]?[a-zà-ÿ]+)*"
_INITIAL = r"(?:[A-Z]\.?\s+)?"
_FULL = rf"{_NAME}\s+{_INITIAL}{_NAME}(?:\s+{_NAME})?"
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Dr)\.?\s+)?"
_INTRODUCED = re.compile(  # names are often in lower case in chats
    r"\b(?:my|his|her|husband's|wife's|son's|daughter's|mother's|father's|patient's)\s+(?:full\s+)?name"
    rf"\s*(?:['’]?s|is|:|=|was)\s*{_TITLE}(?P<name>[a-zà-ÿ'’-]{{2,}}(?:\s+[a-zà-ÿ'’-]{{2,}}\.?){{0,2}})"
    rf"|\b(?:this\s+is|i\s+am\s+called|myself)\s+(?P<called>(?-i:{_FULL}))", re.IGNORECASE)
_LABELLED = re.compile(
    r"\b(?i:(?<!drug )(?<!brand )(?<!trade )(?<!generic )(?<!product )(?<!medicine )(?<!test )(?<!common )(?<!gene )"
    r"(?:patient(?:'s)?(?:\s+name)?|name(?:\s+of\s+(?:the\s+)?patient)?|full\s+name))(?:\s*[:=]|\s+-)\s*"
    rf"{_TITLE}(?P<name>{_FULL}|{_NAME}(?=[\s,;./-]+(?i:age|aged|sex|gender|dob|male|female|\d)\b))")
_TITLED = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Miss|Mister|Prof|Professor)\b\.?[^\S\n]+(?P<name>{_INITIAL}{_NAME}(?:[^\S\n]+{_INITIAL}{_NAME})?)")
_DOCTOR = re.compile(  # "Doctor" in full needs a full name: "Ask your Doctor Before Taking"
    rf"\b(?:(?:Dr|DR)\b\.?|(?<![Yy]our )Doctor(?=[^\S\n]+{_NAME}[^\S\n]+{_NAME}))[^\S\n]+"
    rf"(?P<name>(?:[A-Z]\.?\s+)*{_NAME}(?:[^\S\n]+{_INITIAL}{_NAME})?)")
_SELF = re.compile(
    rf"\b(?:[Ii]\s+am|[Ii]['’]m|I,)\s+(?P<name>{_FULL})"
    r"(?=\s*(?:[,(;]|\.\s|\.$|$|(?:and|from|aged?|born|DOB|d\.?o\.?b|\d|a\s+\d|of)\b))")
_SIGNED = re.compile(
    r"(?i:\b(?:regards|sincerely|yours\s+truly|yours\s+faithfully|signed|signed\s+by|thank\s+you|thanks)\b)"
    rf"\s*[,.:\n-]\s*(?:Dr\.?\s+)?(?P<name>{_FULL})[\s.,]*$")
_EPONYM = re.compile(
    r"['’]?s?\s+(?:disease|syndrome|sign|test|palsy|law|lymphoma|phenomenon|triad|criteria|score|method|classification"
    r"|procedure|operation|fracture|contracture|solution|tumou?r|ulcer|gland|reflex|maneuver|manoeuvre|scale|technique"
    r"|diet|equation)\b", re.IGNORECASE)


def find(text: str) -> Iterator[tuple[int, int]]:
    """Spans of names after a cue, without the cue itself."""
    for match in _cued(text):
        group = next(g for g in ("called", "name") if match.groupdict().get(g))
        if _is_name(match[group]) and not _EPONYM.match(text, match.end(group)):
            yield match.span(group)


def _cued(text: str) -> Iterator[re.Match[str]]:
    for pattern in (_TITLED, _DOCTOR, _SELF):
        yield from pattern.finditer(text)
    if _INTRODUCTION.search(text):
        yield from _INTRODUCED.finditer(text)
        yield from _LABELLED.finditer(text)
    yield from _SIGNED.finditer(text, max(0, len(text) - SIGNATURE))


def _is_name(name: str) -> bool:
    """Whether the first word, and the second if there is one, can be part of a name."""
    parts = [part.strip(".'’-").lower() for part in name.split() if len(part) != 2 or part[1] != "."]
    if not parts or parts[0] in NO_NAMES:
        return False
    return len(parts) < 2 or name[0].islower() or parts[1] not in NO_NAMES
