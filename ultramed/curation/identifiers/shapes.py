"""What a name looks like: capitalised or in capitals, in any script, with initials and particles; and what does not."""

import re
from dataclasses import dataclass

from ultramed.curation.identifiers import given
from ultramed.curation.identifiers.passage import Passage
from ultramed.curation.vocabulary import CLINICAL_WORDS, NO_NAMES, listed

_LETTERS = [chr(c) for c in (*range(0x41, 0x590), *range(0x1E00, 0x2000)) if chr(c).isalpha()]
UPPER = "".join(c for c in _LETTERS if c.isupper())
LOWER = "".join(c for c in _LETTERS if c.islower()) + "\u0300-\u036f"
_CASELESS = "[\u05d0-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"  # from Hebrew to Hangul
LAST_LATIN = "\u024f"
SPACE = r"[^\S\n]+"
_APOSTROPHE = "['’ʼ]"
_CAPITALISED = (rf"(?:[{UPPER}]{_APOSTROPHE}|al-|el-)?[{UPPER}][{LOWER}]+(?:[{UPPER}][{LOWER}]+)?"
                rf"(?:[-‑–]?{_APOSTROPHE}?[{UPPER}][{LOWER}]+|-[{LOWER}]+|{_APOSTROPHE}[{LOWER}]{{3,}}){{0,3}}")
_CAPITALS = rf"[{UPPER}]{{2,}}(?:[-'’][{UPPER}]{{2,}}){{0,2}}(?![{LOWER}\d])"
_WORD = rf"(?:{_CAPITALS}|{_CAPITALISED}|{_CASELESS}+)"
_INITIAL = rf"[{UPPER}](?:\.[ ]?|(?=[ ][{UPPER}][{LOWER}{UPPER}]))"
_PARTICLE = r"(?:van|von|der|den|de|del|della|di|da|dos|das|du|la|le|ten|ter|bin|binti|ibn|al|el|y|zu|af|St\.|ST\.)"
_PART = rf"(?:{_INITIAL}|{_PARTICLE}{SPACE})"
_LEADING = rf"(?:{_PART}(?:{SPACE})?){{0,3}}"
_RUN = re.compile(rf"{_LEADING}{_WORD}(?:{SPACE}{_LEADING}{_WORD}){{0,3}}(?:{SPACE}[{UPPER}]\.)?")
_COMMA = re.compile(rf",(?:{SPACE})?(?=[^\W\d_])")
_SMALL = re.compile(rf"[{LOWER}]{{2,}}(?:['’-][{LOWER}]{{2,}})*(?:{SPACE}[{LOWER}]{{2,}}){{0,2}}")
_TOKEN = re.compile(rf"{_CASELESS}+|[^\W\d_](?:[\w'’\u0300-\u036f-]|(?<=[A-Z])\.(?=[A-Z]))*")
_CLINICAL = re.compile(
    r"(?:itis|osis|aemia|emia|pathy|ectomy|otomy|ostomy|plasty|scopy|graphy|gram|logy|mab|nib|pril|sartan|statin|olol"
    r"|azole|cillin|pentin|gabalin|triptan|triptyline|setron|profen|coxib|lukast|barbital|phylline|solone|dronate|parib"
    r"|ciclib|mycin|floxacin|cycline|oxetine|azepam|azolam|prazole|dipine|gliptin|gliflozin|glutide|parin|vir|tide"
    r"|caine|chloride|sulfate|sulphate|phosphate|oxide|acid|sodium|potassium|calcium|tion|sion|ness|ment|ity|ical|ous"
    r"|ular|oid|emic|otic|itic|genic|tomy|trophy|plasia|algia|rrhea|rrhoea|uria|cyte|cytes|coccus|richia|bacter"
    r"|bacillus|monas|plasma|virus|therapy|ide|ium)$")
_INSTITUTIONS = listed("hospital university institute foundation center centre college school clinic memorial trust")
_NO_PERSON = re.compile(  # turns a name into a disease, a product or an institution
    r"(?:['’]s)?\s+(?:disease|syndrome|sign|test|palsy|law|lymphoma|phenomenon|triad|criteria|score|method"
    r"|classification|procedure|operation|fracture|contracture|solution|tumou?r|ulcer|gland|reflex|maneuver|manoeuvre"
    r"|scale|technique|diet|equation|hospital|university|institute|foundation|cent(?:er|re)|clinic|college|school|trust"
    r"|virus|nodule|inventory|index|staging|regimen|protocol|effect|cells?|bod(?:y|ies)|stain|node|pads?|soap|shampoo"
    r"|award|prize|memorial|laborator|lab\b|rule|rules|study|trial|ward|unit|catheter|tube|et\s+al|and\s+colleagues"
    r"|and\s+co-?workers)|\s*[™®]"
    r"|\s*\d+(?:\.\d+)?\s?(?:mg|mcg|µg|g|ml|%|tablets?|units?)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Name:
    """A run of words that may be a name, cut before the first word that cannot belong to one."""

    start: int
    end: int
    words: tuple[str, ...]  # in lower case, without initials and particles

    @property
    def known(self) -> bool:
        """Whether one of the words is a given name."""
        return any(word in given.names() for word in self.words)

    @property
    def opens_known(self) -> bool:
        """Whether it begins with a given name."""
        return self.words[0] in given.names()

    @property
    def foreign(self) -> bool:
        """Whether it is written in a script other than Latin."""
        return self.words[0][0] > LAST_LATIN

    @property
    def clinical(self) -> bool:
        """Whether one of the words is a medical term and none is a given name."""
        return not self.known and any(w in CLINICAL_WORDS or (len(w) > 6 and _CLINICAL.search(w)) for w in self.words)


def read(text: str, start: int, comma: bool = False) -> Name | None:
    """The name that begins here; `comma`: also one written "Last, First"."""
    match = _RUN.match(text, start)
    if match is None:
        return None
    end = match.end()
    if comma and (gap := _COMMA.match(text, end)) and (first := _RUN.match(text, gap.end())):
        end = first.end()
    return _cut(text, start, end)


def read_small(text: str, start: int) -> Name | None:
    """The lower-case name that begins here."""
    match = _SMALL.match(text, start)
    return _cut(text, start, match.end()) if match else None


def _cut(text: str, start: int, end: int) -> Name | None:
    words: list[str] = []
    stop = start
    for token in _TOKEN.finditer(text, start, end):
        word = token[0].lower()
        if len(word) == 1 and text.startswith(".", token.end()):  # an initial
            stop = token.end() + 1
            continue
        if word in _INSTITUTIONS:
            return None
        if word in NO_NAMES:
            break
        stop = token.end()
        if (len(word) > 1 or not word.isascii()) and not re.fullmatch(_PARTICLE, token[0]):
            words.append(word)
    if not words or _NO_PERSON.match(text, stop):
        return None
    return Name(start, stop, tuple(words))


def before(text: str, end: int, comma: bool = False) -> Name | None:
    """The longest name of at least two words that ends here."""
    for start in _starts(text, end):
        name = read(text, start, comma)
        if name and name.end == end and len(name.words) > 1:
            return name
    return None


_EDGE = re.compile(rf"(?<![\w'’.-])(?=[{UPPER}]|{_CASELESS})")
_REACH = 60  # characters of the longest name


def _starts(text: str, end: int) -> list[int]:
    return [match.start() for match in _EDGE.finditer(text, max(0, end - _REACH), end)]


_FOLLOWS = re.compile(  # verbs of people, or their age and sex
    r"\s*(?:[,(]?\s*(?:aged?\b|dob\b|\d{1,3}\b|male\b|female\b|born\b)|[,(.;-]?\s*(?:from|here|who)\b|(?:is|was|has|had"
    r"|reports?|denies|denied|complains?|complained|presents?|presented|came|said|says|told|wants|takes|needs|felt"
    r"|feels|gets|got|fell|swallowed|and\s+i)\b|[,.;:]?\s*$)")


def follows(passage: Passage, end: int) -> bool:
    """Whether an age, a sex, a verb of people or the end of the text comes next."""
    return _FOLLOWS.match(passage.lower, end) is not None
