"""Text comparison: the words of a text, and the differences that make two similar questions distinct.

"2 mg" and "20 mg", "most likely" and "least likely", "left" and "right" differ in one word of a hundred but in
everything that matters.
"""

import re
import unicodedata
from collections import Counter
from itertools import chain, pairwise

from ultramed.curation import signs
from ultramed.curation.spelling import folded
from ultramed.curation.vocabulary import (
    FUNCTION_WORDS,
    NEGATING_PREFIXES,
    NEGATIONS,
    OPPOSED_PREFIXES,
    OPPOSITES,
    ROMAN_NUMBERS,
    SPELT_NUMBERS,
    UNITS,
    listed,
)

SHORT = 24  # words; shorter questions are the same only if they share all content words
_UNIT = r"(?:[kmμu]?g|mcg|ng|[mdu]?l|mmol|meq|iu|[mc]m|mmhg|hrs?|mins?|bpm)\b"  # written on to its number: 5mg
_WORD = re.compile(  # the commonest form first
    rf"[a-z]+[^\W_]*|\d+(?:(?:[.,]\d+)+|(?={_UNIT})|[^\W_]*)|[^\W_]+|[↑↓→←↔<>≤≥≠±+]"
    r"|-(?:(?<=\w-)(?!\w)|(?<![\w.)\]]-)(?=\d)|(?<=[(\[]-)(?=[)\]])|(?<=\s-)(?=[,;)]))")
_CONTRACTED = {"can't": "can not", "won't": "will not", "shan't": "shall not"}
_APOSTROPHE = re.compile(r"\b(?:can|won|shan)'t\b|n't\b|'(?:m|re|ve|ll|d|s)\b")
_EXPANDED = {"n't": " not", "'m": " am", "'re": " are", "'ve": " have", "'ll": " will", "'d": " would", "'s": ""}
_SIDES = [tuple(listed(side) for side in axis) for axis in OPPOSITES]


def words(text: str) -> list[str]:
    """The words of a text for comparison: lower case, compatibility characters folded, contractions expanded.

    Arrows, comparison signs, signs before numbers and the charge or result after a word ("Rh-") are words too.
    """
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).lower()
    text = signs.unified(text)
    if "'" in text:
        text = _APOSTROPHE.sub(_expanded, text)
    return _WORD.findall(text)


def normalise(text: str) -> str:
    """The words joined by single spaces: equal for texts that differ only in case, spacing and punctuation."""
    return " ".join(words(text))


def content(tokens: list[str]) -> frozenset[str]:
    """The content words, spelling folded (haemorrhage, hemorrhage)."""
    return frozenset(folded(w) for w in tokens if w not in FUNCTION_WORDS)


def jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    """Size of the intersection over size of the union; 1 for two empty sets."""
    union = len(a | b)
    return len(a & b) / union if union else 1.0


def letters(tokens: list[str]) -> frozenset[str]:
    """Letter trigrams of the joined content words: insensitive to inflection and to the spacing of compounds."""
    joined = "".join(folded(SPELT_NUMBERS.get(w, w)) for w in tokens if w not in FUNCTION_WORDS)
    return frozenset(joined[i : i + 3] for i in range(max(1, len(joined) - 2)))


def difference(a: list[str], b: list[str]) -> str | None:
    """What sets two similar texts, given as words, apart in meaning; None if nothing does."""
    if _numbers(a) != _numbers(b):
        return "numbers"
    if _symbols(a) != _symbols(b):
        return "letters that stand alone"
    if sum(w in NEGATIONS for w in a) != sum(w in NEGATIONS for w in b):
        return "negation"
    if _opposed(*_unmatched(a, b)):
        return "opposites"
    if signs.differ(a, b):
        return "signs"
    if _measured_otherwise(a, b):
        return "units"
    return "content words" if other_subject(a, b) else None


def other_subject(a: list[str], b: list[str]) -> bool:
    """Whether one of two short texts, given as words, lacks the other's subject: "pain in my elbow", "… my ankle"."""
    only_a, only_b = _unmatched(a, b)
    return max(len(a), len(b)) < SHORT and (_strangers(only_a, only_b) or _strangers(only_b, only_a))


def _expanded(match: re.Match[str]) -> str:
    return _CONTRACTED.get(match[0]) or _EXPANDED[match[0]]


def _numbers(tokens: list[str]) -> Counter[str]:
    """Counts of the numbers, however written; "one of" is not a number."""
    pairs = zip(tokens, chain(tokens[1:], [""]), strict=True)
    counting = (w for w, after in pairs if not (w == "one" and after == "of"))
    named = (SPELT_NUMBERS.get(w) or ROMAN_NUMBERS.get(w) or w for w in counting)
    return Counter(w.replace(",", "") for w in named if any(c.isdigit() for c in w))


def _measured_otherwise(a: list[str], b: list[str]) -> bool:
    """Whether some number that both texts have stands before other units: 5 mg, 5 µg."""
    in_a, in_b = _units(a), _units(b)
    return any(in_a[number].isdisjoint(in_b[number]) for number in in_a.keys() & in_b.keys())


def _units(tokens: list[str]) -> dict[str, set[str]]:
    """The units that follow each number."""
    units: dict[str, set[str]] = {}
    for number, word in pairwise(tokens):
        if number[0].isdigit() and (unit := UNITS.get(word)):
            units.setdefault(number, set()).add(unit)
    return units


def _symbols(tokens: list[str]) -> Counter[str]:
    """Single letters (vitamin D, hepatitis B, type V) except articles, pronouns and units."""
    pairs = zip(tokens, chain([""], tokens), strict=False)
    alone = (w for w, before in pairs if len(w) == 1 and w.isalpha() and not before[:1].isdigit())
    return Counter(w for w in alone if w not in "aisglmhnf")


def _unmatched(a: list[str], b: list[str]) -> tuple[list[str], list[str]]:
    in_a, in_b = set(a), set(b)
    return [w for w in a if w not in in_b], [w for w in b if w not in in_a]


def _opposed(a: list[str], b: list[str]) -> bool:
    left, right = set(a), set(b)
    if any((left & one and right & other) or (left & other and right & one) for one, other in _SIDES):
        return True
    return any(_negates(x, y) or _negates(y, x) for x in left for y in right)


def _negates(word: str, plain: str) -> bool:
    """symptomatic, asymptomatic; hyperkalemia, hypokalemia."""
    if len(plain) < 5 or word == plain:
        return False
    for one, other in OPPOSED_PREFIXES:
        if word.startswith(one) and plain.startswith(other) and word[len(one) :] == plain[len(other) :]:
            return True
    return word.endswith(plain) and word[: -len(plain)] in NEGATING_PREFIXES


def _strangers(own: list[str], others: list[str]) -> bool:
    """Whether one text has a content word that the other lacks in every inflection and compound spelling."""
    rest, joined = sorted(content(others)), "".join(map(folded, others))
    named = (w for w in content(own) if w not in SPELT_NUMBERS and not w.isdigit())
    return any(not (_inflected(w, rest) or (len(w) > 3 and w in joined)) for w in named)


def _inflected(word: str, others: list[str]) -> bool:
    alike = (o for o in others if word.startswith(o) or o.startswith(word))
    return any(min(len(word), len(o)) > 3 and abs(len(word) - len(o)) < 4 for o in alike)
