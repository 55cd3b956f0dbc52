"""The options of an exam item, and finding the text of one in an answer."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ultramed.records import Option

Given = Mapping[str, str] | Iterable[Option] | Iterable[str]  # letter → text of the option, or letters alone
Words = tuple[str, ...]

# numbers stay whole, and signs count: "FEV1 ↑" is not "FEV1 ↓", "-5" is not "5"
_WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+|(?<!\w)[-−](?=\d)|[^\w\s.,;:!?()\[\]{}'\"’‘“”*_`#$\\/–—-]")
_ARTICLES = frozenset({"a", "an", "the"})
# words that begin what is said about an option; "and", "or", "plus", "with" would go on with its name
_TURN = (
    r"(?:because|as|since|which|who|that|due|given|based|but|so|not|rather|instead|over|here|is|was|therefore|thus|for"
    r"|while|whereas|although|though|making|in\s+(?:this|the)\s+(?:case|patient|question|scenario|list))\b"
)
_ENDS = re.compile(rf"[*_\"'”’`)\]}}$\\]*(?:\s*$|\s*\n|[.!?;:<](?!\d)|\s+[-–—]\s|\s*,?\s*{_TURN}|\s*\()", re.IGNORECASE)


@dataclass(frozen=True)
class Options:
    """Letters in their order, with the words of each text; no words where the text is unknown or no name by itself."""

    words: dict[str, Words]

    @classmethod
    def of(cls, given: Given) -> "Options":
        """Options of any form; letters are compared as capitals."""
        split = {letter.strip().upper(): _named(text) for letter, text in _texts(given)}
        return cls({letter: () if words in _letters(split) else words for letter, words in split.items()})

    @property
    def named(self) -> bool:
        """Whether the texts of the options are known."""
        return any(self.words.values())

    def text_at(self, text: str, start: int) -> tuple[str, int] | None:
        """(letter, end) of the option whose whole text is at `start`, the longest where several are; None where what
        follows goes on with the name, and where two options have one text."""
        longest = max(map(len, self.words.values()), default=0)
        seen = words_at(text, start, longest + 1) if self.named else []
        skip = 1 if seen and seen[0][0] in _ARTICLES else 0
        spoken = tuple(word for word, _ in seen[skip:])
        for size in range(min(longest, len(spoken)), 0, -1):
            fits = [letter for letter, words in self.words.items() if words == spoken[:size]]
            if fits and _ENDS.match(text, seen[skip + size - 1][1]):
                return (fits[0], seen[skip + size - 1][1]) if len(fits) == 1 else None
        return None

    def shares_word(self, letter: str, text: str, start: int) -> bool:
        """Whether one of the next few words of `text` is a word of the option's own text."""
        return any(word in self.words.get(letter, ()) for word, _ in words_at(text, start, 4))


def words_at(text: str, start: int, count: int) -> list[tuple[str, int]]:
    """The next words, in lower case, each with where it ends."""
    found: list[tuple[str, int]] = []
    for match in _WORD.finditer(text, start, start + 40 * count + 40):
        if len(found) == count:
            break
        found.append((_plain(match[0]), match.end()))
    return found


def _texts(given: Given) -> Iterable[tuple[str, str]]:
    if isinstance(given, Mapping):
        return given.items()
    return [(o.letter, o.text) if isinstance(o, Option) else (o, "") for o in given]


def _named(text: str) -> Words:
    words = tuple(_plain(match[0]) for match in _WORD.finditer(text))
    return words[1:] if len(words) > 1 and words[0] in _ARTICLES else words


def _letters(letters: Iterable[str]) -> set[Words]:
    return {(letter.lower(),) for letter in letters}


def _plain(word: str) -> str:
    return unicodedata.normalize("NFKC", word).casefold()
