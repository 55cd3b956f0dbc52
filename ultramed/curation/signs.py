"""Signs that change what a text says, one character each: ↑ ↓ → ← ↔ < > ≤ ≥ ≠ ± + - and male, female, percent.

"TSH ↑, T4 ↓" and "TSH ↓, T4 ↑" have the same words and are different questions.
"""

import re
from collections import Counter
from itertools import chain

SIGNS = frozenset("↑↓→←↔<>≤≥≠±+-")
_ALIKE = {
    "↑": "⇑⇧⬆🠑🡅⇈↗⭡▲⤴", "↓": "⇓⇩⬇🠓🡇⇊↘⭣▼⤵", "→": "⇒⟶⟹➔➜➝➞➡⇨⭢", "←": "⇐⟵⟸⬅⇦⭠", "↔": "⇔⇄⇌⇆⟷⟺⬌", "≤": "≦⩽≲⪅",
    "≥": "≧⩾≳⪆", "<": "≪", ">": "≫", "±": "∓", "-": "‐‑‒–—﹣➖", "+": "➕﹢", "δ": "∆",
}
UNICODE = str.maketrans(
    {other: sign for sign, others in _ALIKE.items() for other in others}
    | {"♂": " male ", "♀": " female ", "’": "'", "ʼ": "'"}
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f")
)
_MINUS_ALONE = re.compile(r"(?<!\w)−(?!\w)")
_WRITTEN = re.compile(
    r"(?P<pm>\+\s?/\s?-|\+-(?=\s?\d))|(?P<both><-{1,2}>|<=>)|(?P<ge>>/?\s?=|>\s?or\s?=|=>(?=\s?\d))"
    r"|(?P<le></?\s?=|<\s?or\s?=|=<)|(?P<right>-{1,3}>|={1,2}>)|(?P<ne>!=|=/=)")
_HINTS = (">=", "<=", "->", "=>", "=<", "+/", "+ /", "+-", "or=", "or =", "> =", "< =", ">/", "</", "!=", "=/=")
_NAMES = {"pm": "±", "both": "↔", "ge": "≥", "le": "≤", "right": "→", "ne": "≠"}


def unified(text: str) -> str:
    """The text, in small letters, with each sign as the one character that stands for all its forms: ">=", "≧" are ≥,
    "-->", "⇒" are →, "+/-" is ±; a minus sign that belongs to nothing is "(-)"."""
    if not text.isascii():
        if "−" in text:
            text = _MINUS_ALONE.sub(" (-) ", text).replace("−", "-")
        text = text.translate(UNICODE)
    if (">" in text or "+" in text or "=" in text) and any(hint in text for hint in _HINTS):
        text = _WRITTEN.sub(lambda m: f" {_NAMES[str(m.lastgroup)]} ", text)
    return text.replace("%", " percent ") if "%" in text else text


def differ(a: list[str], b: list[str]) -> bool:
    """Whether two texts, given as words, put other signs to their words: to those before and to those after a sign."""
    return _signed(a) != _signed(b) and _signed(a[::-1]) != _signed(b[::-1])


def _signed(words: list[str]) -> Counter[tuple[str, str]]:
    pairs = zip(chain([""], words), words, strict=False)
    return Counter((before, word) for before, word in pairs if word in SIGNS and (word != "-" or _value(before)))


def _value(word: str) -> bool:
    """Whether a "-" beside this word is a sign; in running text it is a dash that somebody typed without a space."""
    return any(c.isdigit() for c in word) or word == "rh"
