"""One spelling for words that are written in several ways: British and American, with and without accents, and the
two names of one drug. For comparison only; what comes out is no English.
"""

import re
import unicodedata
from functools import lru_cache

from ultramed.curation.vocabulary import DRUG_NAMES, DRUGS_OF_TWO_WORDS, FUNCTION_WORDS, OTHER_SPELLINGS

_LATIN = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "ß": "ss", "ł": "l", "đ": "d", "ı": "i", "ſ": "s"})
_LOOK_ALIKE = str.maketrans("аеорсухіјѕԁһкмтвнο", "aeopcyxijsdhkmtbho")  # Cyrillic in Latin words
LONGEST = 40  # letters of a word; what is longer is none
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa", "λ": "lambda", "ω": "omega",
}
_OUR = (
    "arb ard behavi cand clam col demean endeav fav ferv flav glam harb hon hum lab neighb od parl ranc rig rum savi "
    "splend tum vap vig"
)
_RE = "calib cent fib goit lit lust maneuv meag met och spect theat tit"
_DOUBLE_L = (
    "bevel cancel channel counsel dial dishevel duel enamel equal fuel initial label level marvel model panel pedal "
    "rival shovel shrivel signal snorkel spiral swivel total tranquil travel tunnel unravel"
)
_RULES = tuple((re.compile(pattern), to) for pattern, to in (
    (r"[ao]+(?=e)", ""),  # haemophilia, oedema
    (r"(?<=i)z(?=e|ing|ation|able)|(?<=y)z(?=e|ing)", "s"),  # organize, analyze
    (rf"({_OUR.replace(' ', '|')})our", r"\1or"),  # tumour
    (rf"({_RE.replace(' ', '|')})re(s?)$", r"\1er\2"), (rf"({_RE.replace(' ', '|')})red$", r"\1ered"),  # centre
    (rf"^({_DOUBLE_L.replace(' ', '|')})l(?=ed$|ing$|ers?$|ors?$|i[sz])", r"\1"),  # labelled
    (r"ogue(?=s?$)", "og"),  # analogue
    (r"(def|off|lic|pret)ence", r"\1ense"),  # defence, licence
    (r"mme(?=s?$)", "m"),  # programme
    (r"sulph", "sulf"), (r"^ceph(?=al[eo]|ra|a[pz]|ox)", "cef"), (r"^leuc(?=[oe])", "leuk"),  # cephalexin, leucocyte
))


@lru_cache(maxsize=1 << 16)
def folded(word: str) -> str:
    """The spelling that a word in small letters shares with its variants: haemophilia and hemophilia, tumour and tumor,
    organise and organize, Sjögren and Sjogren, paracetamol and acetaminophen. Folding twice changes nothing more."""
    if word in FUNCTION_WORDS or len(word) > LONGEST:
        return word
    if not word.isascii():
        word = _GREEK.get(word) or _unaccented(word)
    word = _by_rule(OTHER_SPELLINGS.get(word, word))
    return _DRUGS.get(word, word)


class Speller(dict[str, str]):
    """Words with their folded spelling, for whole collections: each word is folded once."""

    def __missing__(self, word: str) -> str:
        if len(word) > LONGEST:
            return word
        self[word] = spelling = folded(word)
        return spelling

    def respelt(self, words: list[str]) -> list[str]:
        """The words of a text, folded; a drug's name of two words is one."""
        result = list(map(self.__getitem__, words))
        if _FIRST_OF_TWO.isdisjoint(result):
            return result
        joined: list[str] = []
        for word in result:
            if joined and (name := DRUGS_OF_TWO_WORDS.get((joined[-1], word))):
                joined[-1] = name
            else:
                joined.append(word)
        return joined


def _unaccented(word: str) -> str:
    word = word.translate(_LATIN)
    if any("a" <= c <= "z" for c in word):
        word = word.translate(_LOOK_ALIKE)
    parts = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not "\u0300" <= c <= "\u036f"))


def _by_rule(word: str) -> str:
    for pattern, to in _RULES:
        word = pattern.sub(to, word)
    return word


_FIRST_OF_TWO = frozenset(first for first, _ in DRUGS_OF_TWO_WORDS)
_DRUGS = {_by_rule(other): _by_rule(name) for other, name in DRUG_NAMES.items()}
