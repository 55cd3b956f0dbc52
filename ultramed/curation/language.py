"""A cheap test of whether a question is in English: its alphabet, then its most common words."""

import re

from ultramed.curation.vocabulary import ENGLISH, FOREIGN

MIN_LATIN = 0.7  # share of Latin letters; English questions occasionally quote Greek or foreign terms
MINFOREIGN = 3  # foreign function words from which a Latin-alphabet text can be foreign
_WORD = re.compile(r"[^\W\d_]+")


def is_english(text: str) -> tuple[bool, str]:
    """Whether the text is English, and the figures that decided if it is not."""
    letters = [c for c in text if c.isalpha()]
    latin = sum(c < "\u0250" for c in letters)
    if letters and latin / len(letters) < MIN_LATIN:
        return False, f"{latin} of {len(letters)} letters are Latin, {latin / len(letters):.2f}; {MIN_LATIN} expected"
    words = _WORD.findall(text.lower())
    foreign, english = (sum(w in known for w in words) for known in (FOREIGN, ENGLISH))
    if foreign >= MINFOREIGN and foreign > english:
        return False, f"{foreign} foreign function words against {english} English ones among {len(words)} words"
    return True, ""
