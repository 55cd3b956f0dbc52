"""Names behind a title or a rank: "Mr", "Dr", "Frau", "Nurse"; in small letters behind "dr" and "mr"."""

import re
from collections.abc import Iterator

from ultramed.curation.identifiers.passage import Passage
from ultramed.curation.identifiers.shapes import SPACE, UPPER, Name, follows, read, read_small
from ultramed.curation.vocabulary import CLINICAL_WORDS, listed

TITLES = (r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|MR|MRS|MS|MISS|DR|PROF|Mister|Professor|Herr|Frau|Mme|Mlle|Monsieur|Madame|Sr|Sra|Srta|Señor"
           r"|Señora|Señorita|Shri|Smt|Kumari|Sheikh|Rev|Reverend|Captain|Capt|Sgt|Sergeant|Lieutenant|Colonel|Signor|Signora"
           r"|Dott|Dra|Pani")
_TITLED = re.compile(rf"(?P<title>{TITLES})\b(?P<dot>\.?){SPACE}(?:(?:Dr|Prof|med)\b\.?{SPACE})?")
_RANKED = re.compile(rf"(?:Doctor|Nurse|Sister|Sir|Lady|Dame){SPACE}(?=[{UPPER}])")
_SMALL_TITLED = re.compile(r"(?:dr|mr|mrs|prof|doctor)\b\.?[^\S\n]+(?=[^\W\d_]{3})")
_SMALL_TITLES = ("dr ", "dr.", "mr ", "mr.", "mrs ", "mrs.", "prof ", "prof.", "doctor ")
_BEFORE_DOCTOR = re.compile(r"\b(?:saw|see|seen|by|with|from|to|under|consulted|visited|called|met|is)\s$")
_BRANDS = listed("pepper scholl's scholl bronner's bronner clean dash meyer's martens reddy's google coffee muscle america marvel phil bean house")
_HISTORY = re.compile(
    r"\b(?:discovered|described(?!\s+(?:my|me|it|her|his)\b)|introduced|invented|pioneered|developed|coined|identified\s+the|performed\s+the\s+first"
    r"|first\s+described|published|nobel|taught\s+at|1[5-8]\d\d)\b")
_OFFICE = re.compile(
    r"(?:,\s*(?:m\.?d\.?|ph\.?d\.?|m\.?p\.?h\.?|r\.?n\.?))*,?\s*\(?(?:of|from|at|director|professor|chief|head|chair|president|an?\s+\w+\s+at)\b"
    r"[^.]{0,50}\b(?:institutes?|university|college|center|centers|school|foundation|nih|cdc|hospital|service|agency|department)\b")
_ACTING = listed(
    "told said says advised prescribed gave suggested recommended asked wants put started stopped ordered referred diagnosed thinks "
    "thought saw examined checked performed operated removed did changed increased reduced raised called confirmed explained found "
    "mentioned wrote sent treated admitted discharged appointment office visit visits please sir said"
)
_ACTS = re.compile(rf"\s+(?:{'|'.join(sorted(_ACTING))}|yesterday|today|about|will|would|can)\b")
_VERB_BEFORE = re.compile(r"\b(?:i|we|you|they|to|not|never|will|would|may|can|could|don['’]t)\s$")
_LEADS = re.compile(r"\b(?:headed|led|directed|chaired|founded|written|authored)\s+by\s$|\baccording\s+to\s$")
_NEAR = 60  # characters behind a name in which a deed of history stands


def find(passage: Passage) -> Iterator[Name]:
    """Names behind titles, but brands, abbreviations of medicine, and persons of history or of a public office."""
    for cue in _TITLED.finditer(passage.text):
        if passage.stands_alone(cue.start(), "-"):
            name = read(passage.text, cue.end())
            if name and not _is_other(passage, cue, name):
                yield name
    for cue in _RANKED.finditer(passage.text):
        if passage.stands_alone(cue.start(), "-") and not passage.before(cue.start(), 5) == "your ":
            name = read(passage.text, cue.end())
            if name and not name.clinical and (name.known or len(name.words) > 1 or cue[0].startswith("Nurse") or follows(passage, name.end)):
                if not _historical(passage, name):
                    yield name
    if passage.has(_SMALL_TITLES):
        yield from _small(passage)


def _is_other(passage: Passage, cue: re.Match[str], name: Name) -> bool:
    abbreviation = cue["title"].isupper() or not cue["dot"]
    if cue["title"] == "Miss" and _VERB_BEFORE.search(passage.before(cue.start(), 12)):
        return True
    if _LEADS.search(passage.before(cue.start(), 24)):
        return True
    if cue["title"].isupper() and not passage.text[name.start : name.end].isupper() and name.words[0].isascii():
        if not (name.known or len(name.words) > 1 or follows(passage, name.end)):
            return True
    other = name.words[0] in _BRANDS or name.words[0] in CLINICAL_WORDS or (abbreviation and name.clinical)
    return other or _historical(passage, name) or _OFFICE.match(passage.lower, name.end) is not None


def _historical(passage: Passage, name: Name) -> bool:
    return _HISTORY.search(passage.lower, name.end, name.end + _NEAR) is not None


def _small(passage: Passage) -> Iterator[Name]:
    for cue in _SMALL_TITLED.finditer(passage.text):
        name = read_small(passage.text, cue.end()) or read(passage.text, cue.end())
        if name is None or not passage.stands_alone(cue.start(), "-") or name.words[0] in CLINICAL_WORDS | _BRANDS | _ACTING:
            continue
        end = cue.end() + len(name.words[0])
        plain = cue[0].startswith("doctor")  # "the doctor regularly" is no name
        if not plain and (follows(passage, end) or _ACTS.match(passage.lower, end)):
            yield Name(name.start, end, name.words[:1])
        elif _BEFORE_DOCTOR.search(passage.before(cue.start(), 12)):
            yield Name(name.start, end, name.words[:1])
