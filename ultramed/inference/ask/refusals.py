"""Whether a reply refuses: it declines, or only sends the asker elsewhere, and gives no substance.

An apology alone is no sign of it: sympathy is common in medicine, and so are answers that begin with their limits
("I can't examine you, but …"). So a reply is read clause by clause. A clause declines, or is an aside (sympathy, an
offer, a thank-you), or says something. What it says counts by the words that are not about the request itself: "only a
professional who knows your history can advise you" says nothing, "ring-shaped, scaly patches" does.
"""

import re
from dataclasses import dataclass, field

from ultramed.inference.ask import refusal_phrases as phrases
from ultramed.inference.ask.refusal_vocabulary import ABOUT_THE_REQUEST

_CATEGORICAL = 10  # words of substance that make an answer of a reply which declines the request as a whole
_LIMITED = 4  # … or one thing only, such as a diagnosis
_EMPHASIS = 4  # how much more a clause counts that turns to the answer ("but", "in general", "suggests")
_STEM = 5  # letters that tell words apart
_SHAPE = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "`": None, "*": None,
                        "#": None, "_": " ", "\u00a0": " "})
_BRACKETS = str.maketrans(dict.fromkeys('{}[]"', " "))
_KEY = re.compile(r'"[\w ]{1,40}"\s*:')
_QUOTED = re.compile(r'"[^"\n]{1,400}"')
_LABEL = re.compile(
    r"^\W{0,12}(?:(?:final|my)\s+)?(?:answer|response|reply|assistant|note|disclaimer|output|ai|reasoning)\s*:",
    re.IGNORECASE | re.MULTILINE)
_SPEAKER = re.compile(r"^\W{0,3}(?:[A-Z][\w.]{0,20} ?){1,3}:\s", re.MULTILINE)
_LETTER = re.compile(  # the letter of an option is an answer
    r"\b(?i:answer|option|choice)\b[^A-Za-z\n]{0,8}(?:is\b)?[^A-Za-z\n]{0,8}[A-HJ]\b(?=\W{0,3}(?:$|\n|[.)\",]))"
    r"|^\W{0,3}[A-HJ](?:[.)]\s|\W*$)|\([A-HJ]\)\W*$")
_CLAUSE = re.compile(
    r"(?<=[.!?])\s+|[。！？，、\n]|(?<!however)(?<!general)(?<!said),\s|[;:]\s|\s[–—-]+\s"
    r"|(?<! as)\s(?=(?:but|however|because|though|although|since)\b)",
    re.IGNORECASE)
_WORD = re.compile(r"[^\W_][\w'-]*")
_IDEOGRAPHS = re.compile(r"[\u3040-\u9fff\uac00-\ud7af]")


@dataclass
class _Reading:
    """What the clauses of a reply do. Words count once, by their first letters, and not if the decline names them."""

    declines: bool = False
    limited: bool = True
    refers: bool = False
    specialists: int = 0
    substance: int = 0
    known: set[str] = field(default_factory=set)


def is_refusal(text: str) -> bool:
    """Whether a reply declines, or refers the asker to a doctor, and answers nothing.

    Answers with limits, answers about refusal of care, quoted words, dialogues and "I don't know" are no refusals.
    Time is linear in the length of the text.
    """
    plain = _unwrapped(text)
    if _LETTER.search(plain) or len(_SPEAKER.findall(plain)) > 1:
        return False
    reading = _read(_QUOTED.sub(_unless_declining, _LABEL.sub(" ", plain)))
    if reading.declines:
        return reading.substance < (_LIMITED if reading.limited else _CATEGORICAL)
    return reading.refers and reading.substance + reading.specialists == 0


def _unless_declining(quoted: re.Match[str]) -> str:
    """Somebody else's refusal is none of the reply's."""
    return " " if phrases.DECLINES.search(quoted[0].strip('"').lower()) else quoted[0]


def _unwrapped(text: str) -> str:
    """The words of a reply without Markdown, JSON punctuation, and quotation marks around the whole."""
    plain = text.translate(_SHAPE).strip()
    if plain.startswith(("{", "[")):
        return _KEY.sub(lambda key: " answer: " if "answer" in key[0] else " ", plain).translate(_BRACKETS).strip()
    if plain.count('"') == 2 and plain.startswith('"') and plain.endswith('"'):
        return plain[1:-1]
    return plain


def _read(plain: str) -> _Reading:
    reading = _Reading()
    for clause in _CLAUSE.split(plain):
        _add(reading, " ".join(clause.lower().split()))
        if reading.substance + reading.specialists >= _CATEGORICAL:
            break
    return reading


def _add(reading: _Reading, clause: str) -> None:
    words = [word for word in _WORD.findall(clause) if not ABOUT_THE_REQUEST.match(word)]
    if phrases.DECLINES.search(clause) or phrases.FOREIGN_DECLINES.search(clause):
        reading.declines = True
        reading.limited = reading.limited and bool(phrases.LIMITED.search(clause))
        reading.known.update(word[:_STEM] for word in words)
    elif not phrases.ASIDES.search(clause) and not phrases.FOREIGN_ASIDES.search(clause):
        reading.refers |= bool(phrases.REFERS.search(clause) and phrases.ADDRESSED.search(clause))
        specialists = [word for word in words if phrases.SPECIALIST.match(word)]
        new = {word[:_STEM] for word in words if word not in specialists} - reading.known
        reading.specialists += len(specialists)
        reading.known |= new
        said = len(new) + len(_IDEOGRAPHS.findall(clause)) // 4
        claims = phrases.CLAIMS.search(clause) and not phrases.ELSEWHERE.search(clause)
        reading.substance += said * (_EMPHASIS if claims else 1)
