"""A cheap test whether a question is written in English: its alphabet, then its commonest words."""

import re

from ultramed.curation.vocabulary import ENGLISH, FOREIGN

MIN_LATIN = 0.7  # share of letters that are Latin; an English question quotes a Greek or a foreign term now and then
MINFOREIGN = 3  # foreign function words before a text in the Latin alphabet counts as foreign
_WORD = re.compile(r"[^\W\d_]+")


def is_english(text: str) -> tuple[bool, str]:
    """Whether the text passes for English, and the figures that say so where it does not."""
    letters = [c for c in text if c.isalpha()]
    latin = sum(c < "\u0250" for c in letters)
    if letters and latin / len(letters) < MIN_LATIN:
        return False, f"{latin} of {len(letters)} letters are Latin, {latin / len(letters):.2f}; {MIN_LATIN} expected"
    words = _WORD.findall(text.lower())
    foreign, english = (sum(w in known for w in words) for known in (FOREIGN, ENGLISH))
    if foreign >= MINFOREIGN and foreign > english:
        return False, f"{foreign} foreign function words against {english} English ones among {len(words)} words"
    return True, ""
