"""Names after a title or a rank: "Mr", "Dr", "Frau", "Nurse"; also lower-case ones after "dr" and "mr"."""

import re
from collections.abc import Iterator

from ultramed.curation.identifiers.passage import Passage
from ultramed.curation.identifiers.shapes import SPACE, UPPER, Name, follows, read, read_small
from ultramed.curation.vocabulary import CLINICAL_WORDS, listed

TITLES = (
    r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|MR|MRS|MS|MISS|DR|PROF|Mister|Professor|Herr|Frau|Mme|Mlle|Monsieur|Madame|Sr|Sra|Srta"
    r"|Señor|Señora|Señorita|Shri|Smt|Kumari|Sheikh|Rev|Reverend|Captain|Capt|Sgt|Sergeant|Lieutenant|Colonel|Signor"
    r"|Signora|Dott|Dra|Pani"
)
_TITLED = re.compile(rf"(?P<title>{TITLES})\b(?P<dot>\.?){SPACE}(?:(?:Dr|Prof|med)\b\.?{SPACE})?")
_RANKED = re.compile(rf"(?:Doctor|Nurse|Sister|Sir|Lady|Dame|Imam|Rabbi|Pastor|Baby){SPACE}(?=[{UPPER}])")
_SMALL_TITLED = re.compile(r"(?:dr|mr|mrs|prof|doctor)\b\.?[^\S\n]+(?=[^\W\d_]{3})")
_SMALL_TITLES = ("dr ", "dr.", "mr ", "mr.", "mrs ", "mrs.", "prof ", "prof.", "doctor ")
_BEFORE_DOCTOR = re.compile(r"\b(?:saw|see|seen|by|with|from|to|under|consulted|visited|called|met|is)\s$")
_BRANDS = listed("pepper scholl's scholl bronner's bronner clean dash meyer's martens reddy's google coffee muscle "
                 "america marvel phil bean house potato oetker kipling strange evil robot universe world seuss")
_FIGURES = listed("freud fleming pasteur koch lister jenner osler salk sabin semmelweis nightingale curie hippocrates "
                  "galen avicenna vesalius virchow pavlov mendel darwin crick einstein jung piaget maslow barnard "
                  "apgar fauci spock oz atkins gaga")
_HISTORY = re.compile(
    r"\b(?:discovered|described(?!\s+(?:my|me|it|her|his)\b)|introduced|invented|pioneered|developed|coined"
    r"|identified\s+the|performed\s+the\s+first|first\s+described|published|nobel|taught\s+at|1[5-8]\d\d)\b")
_OFFICE = re.compile(
    r"(?:,\s*(?:m\.?d\.?|ph\.?d\.?|m\.?p\.?h\.?|r\.?n\.?))*,?\s*\(?(?:of|director|professor|chief|head|chair"
    r"|president)\b[^.]{0,50}\b(?:institutes?|university|college|center|centers|school|foundation|nih|cdc|service"
    r"|agency|department)\b")
_ACTING = listed(
    "told said says advised prescribed gave suggested recommended asked wants put started stopped ordered referred "
    "diagnosed thinks thought saw examined checked performed operated removed did changed increased reduced raised "
    "called confirmed explained found mentioned wrote sent treated admitted discharged appointment office visit visits "
    "please sir said"
)
_NO_SURNAMES = CLINICAL_WORDS | _BRANDS | _ACTING
_ACTS = re.compile(rf"\s+(?:{'|'.join(sorted(_ACTING))}|yesterday|today|about|will|would|can)\b")
_VERB_BEFORE = re.compile(r"\b(?:i|we|you|they|to|not|never|will|would|may|can|could|don['’]t)\s$")
_LEADS = re.compile(r"\b(?:headed|led|directed|chaired|founded|written|authored)\s+by\s$|\baccording\s+to\s$")
_NEAR = 60  # characters after a name that may tell a historical deed


def find(passage: Passage) -> Iterator[Name]:
    """Names after titles, except brands, medical abbreviations, historical figures and public officials."""
    for cue in _TITLED.finditer(passage.text):
        if passage.stands_alone(cue.start(), "-"):
            name = read(passage.text, cue.end())
            if name and not _is_other(passage, cue, name):
                yield name
    for cue in _RANKED.finditer(passage.text):
        if passage.stands_alone(cue.start(), "-") and passage.before(cue.start(), 5) != "your ":
            name = read(passage.text, cue.end())
            if name and _holds_rank(passage, cue[0], name):
                yield name
    if passage.has(_SMALL_TITLES):
        yield from _small(passage)


def _holds_rank(passage: Passage, rank: str, name: Name) -> bool:
    if name.clinical or _historical(passage, name):
        return False
    return name.known or (
        not rank.startswith("Baby") and (rank.startswith("Nurse") or len(name.words) > 1 or follows(passage, name.end)))


def _is_other(passage: Passage, cue: re.Match[str], name: Name) -> bool:
    """Whether what follows a title is a brand, a medical term, a historical figure or a public official."""
    before, first = passage.before(cue.start(), 24), name.words[0]
    if _LEADS.search(before) or (cue["title"] == "Miss" and _VERB_BEFORE.search(before)):
        return True
    if first in _BRANDS or first in CLINICAL_WORDS or _historical(passage, name):
        return True
    return _is_abbreviation(passage, cue, name) or _OFFICE.match(passage.lower, name.end) is not None


def _is_abbreviation(passage: Passage, cue: re.Match[str], name: Name) -> bool:
    """Multiple sclerosis, magnetic resonance or diabetic retinopathy: "MS. Lastly, …", "MR angiography"."""
    title = cue["title"].isupper()
    if (title or not cue["dot"]) and name.clinical:
        return True
    if not title or name.foreign or passage.text[name.start : name.end].isupper():
        return False
    return not (name.known or len(name.words) > 1 or follows(passage, name.end))


def _historical(passage: Passage, name: Name) -> bool:
    if not _FIGURES.isdisjoint(name.words):
        return True
    return _HISTORY.search(passage.lower, name.end, name.end + _NEAR) is not None


def _small(passage: Passage) -> Iterator[Name]:
    for cue in _SMALL_TITLED.finditer(passage.text):
        name = read_small(passage.text, cue.end()) or read(passage.text, cue.end())
        if name is None or name.words[0] in _NO_SURNAMES or not passage.stands_alone(cue.start(), "-"):
            continue
        end = cue.end() + len(name.words[0])
        acts = follows(passage, end) or _ACTS.match(passage.lower, end)
        # "the doctor regularly": the word in full needs "see" or "by" before it
        if (acts and not cue[0].startswith("doctor")) or _BEFORE_DOCTOR.search(passage.before(cue.start(), 12)):
            yield Name(name.start, end, name.words[:1])
