"""Reading the chosen letter from a free-text answer: a pure function from text to a letter or None.

An answer that names no letter, or takes two back and forth without closing, is unreadable; it never becomes an "A".
"""

import re

_CLOSING = re.compile(
    r"\b(?:the\s+)?(?:correct\s+|best\s+|final\s+|right\s+)?(?:answer|option|choice)\s*(?:is|:)\s*"
    r"(?:option\s+)?\**[(\[]?([A-J])[)\]]?\**(?![A-Za-z'’])"
    r"(?!(?<=[AI])\s+(?!because|since|as\b|and\b|for\b|which)[a-z])",  # "the answer is A drug that …": an article
    re.IGNORECASE,
)
_ALONE = re.compile(r"^\W*([A-J])\W*$")


def chosen_letter(text: str, letters: list[str]) -> str | None:
    """The letter an answer settles on: that of its last sentence of the form "the answer is X", or the whole text
    being one letter. None when there is none, or it is no option's."""
    found = _CLOSING.findall(text)
    letter = found[-1] if found else (alone[1] if (alone := _ALONE.match(text)) else None)
    if letter is None or letter.islower():  # "the answer is a drug" names no option
        return None
    return letter if letter in letters else None


def reasoning(text: str) -> str:
    """What precedes the closing sentence "So, the answer is X."; the whole text where there is none."""
    closings = list(_CLOSING.finditer(text))
    if not closings:
        return text.strip()
    last = closings[-1].start()
    start = max(text.rfind("\n", 0, last), text.rfind(". ", 0, last) + 1)
    return text[: max(start, 0)].strip()
