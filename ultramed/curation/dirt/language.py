"""Whether a question is written in English: by its alphabet, its function words, and, where these say little, the
n-grams of its letters.

Short questions have few function words, and English ones in medicine are full of Latin, Greek and French. So a
classifier is asked only about a question whose words do not settle it, and believed only where it is sure.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from ultramed.curation.vocabulary import ENGLISH, FOREIGN, FOREIGN_TERMS

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

MIN_LATIN = 0.7  # share of letters that are Latin; an English question quotes a Greek or a foreign term now and then
MIN_FOREIGN = 3  # foreign words from which a text is foreign, where they are more than the English ones
ALONE = 2  # the same where it has no English one at all
ENGLISH_SHARE = 1 / 12  # of the words that must be English function words for the classifier not to be asked
CHARACTERS = 400  # of a question that the classifier reads
MIN_WORDS = 3  # that the classifier can tell a language by
SURE = 0.6  # probability from which the classifier is believed by itself
UNLIKELY = 0.12  # probability of English up to which it is
HINTED = (0.3, 0.25)  # the two where the words of the question speak for a foreign language
_TAKEN_FOR_ENGLISH = ("en", "la", "pcm")  # Latin is how English questions name what they ask about; Nigerian Pidgin
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_TERMS = re.compile("|".join(map(re.escape, FOREIGN_TERMS)))


def is_english(text: str) -> tuple[bool, str]:
    """Whether the text passes for English, and the figures that say so where it does not."""
    letters = [c for c in text if c.isalpha()]
    latin = sum(c < "\u0250" for c in letters)
    if letters and latin / len(letters) < MIN_LATIN:
        return False, f"{latin} of {len(letters)} letters are Latin, {latin / len(letters):.2f}; {MIN_LATIN} expected"
    text = text.lower().replace("’", "'")
    words, foreign, english = _counted(text)
    if _plainly_english(words, foreign, english):
        return True, ""
    if (spared := _TERMS.sub(" ", text)) != text:
        words, foreign, english = _counted(spared)
    if foreign > english and foreign >= (MIN_FOREIGN if english else ALONE):
        return False, f"{foreign} foreign words against {english} English ones among {words} words"
    if words < MIN_WORDS or _plainly_english(words, foreign, english):
        return True, ""
    return _classified(spared, foreign > english)


def _counted(text: str) -> tuple[int, int, int]:
    """How many words the text has, foreign ones and English ones."""
    words = _WORD.findall(text)
    return len(words), len([w for w in words if w in FOREIGN]), len([w for w in words if w in ENGLISH])


def _plainly_english(words: int, foreign: int, english: int) -> bool:
    return english > foreign and english >= ENGLISH_SHARE * words


def _classified(text: str, hinted: bool) -> tuple[bool, str]:
    """`hinted`: whether its function words speak for a foreign language."""
    ranked = [(str(language), float(probability)) for language, probability in _classifier().rank(text[:CHARACTERS])]
    language, probability = ranked[0]
    english = sum(p for name, p in ranked if name in _TAKEN_FOR_ENGLISH)
    sure, unlikely = HINTED if hinted else (SURE, UNLIKELY)
    if language in _TAKEN_FOR_ENGLISH or probability < sure or english > unlikely:
        return True, ""
    return False, f"its letters speak for '{language}' with {probability:.2f}, for English with {english:.2f}"


@cache
def _classifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
