"""What a rewritten question asks that its relatives do not.

Shingles cannot tell: a vignette with one more finding shares nine tenths of its wording with its parent and is another
question, while a paraphrase shares little and is the same one. So the words are counted that a relative has in no
form: neither inflected, spelt otherwise, abbreviated, nor as a synonym, and none of the stock phrases of examinations.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ultramed.curation import comparison
from ultramed.curation.spelling import folded
from ultramed.curation.stock import PHRASES, STOCK, SYNONYMS
from ultramed.curation.vocabulary import FUNCTION_WORDS, SPELT_NUMBERS, listed
from ultramed.records import Instruction

LEAST = 2  # new words that make another question
_TENS = listed("20 30 40 50 60 70 80 90")
_LONGEST_PHRASE = max(map(len, PHRASES))
_INITIALS = range(2, 6)  # letters of an abbreviation
_SENTENCE = re.compile(r"[^.!?:\n]+(?:[.:](?=\S)[^.!?:\n]+)*[.!?:]*")
_TO_THE_READER = re.compile(  # about the task, not about the patient
    r"^\W*(?:please |now |carefully )*(?:read|think|choose|select|pick|weigh|trust|take your|review the)\b"
    r"|\b(?:this|the|following|each|every|such an?) (?:next )?(?:question|item|vignette|scenario)s?\b"
    r"|\b(?:best|single|right|correct|one|final|your|the) (?:\w+ )?(?:answers?|options?|choices?|letter)\b"
    r"|\b(?:answers?|options?|choices?) (?:below|above|listed|given|provided|that)\b"
    r"|\b(?:before|when|as) you (?:answer|choose|decide|respond)|\bexaminees?\b|\btest[- ]takers?\b|\byourself\b"
    r"|\b(?:step|reason) by step\b|\bmultiple[- ]choice\b|\bguessing\b|\bclinical scenario\b",
    re.IGNORECASE)


@dataclass(frozen=True)
class Novelty:
    """What a row adds to one relative."""

    of: str  # id of the relative
    words: tuple[str, ...]  # new in the question
    in_options: tuple[str, ...] = ()  # new in the options
    another_answer: bool = False  # its right option differs, and the relative's is not offered

    @property
    def enough(self) -> bool:
        """Whether the two are different questions. An unchanged question with other wrong options is the same one."""
        return self.another_answer or len(self.words) >= LEAST or (
            bool(self.words) and len(self.in_options) >= LEAST)

    @property
    def reason(self) -> str:
        """For a verdict."""
        if self.another_answer:
            return f"the answer is another one than that of {self.of}"
        told = f": {', '.join(self.words[:8])}" if self.words else ""
        return f"{len(self.words)} new words beside {self.of}, {LEAST} needed{told}"


def novelty(row: Instruction, relative: Instruction) -> Novelty:
    """What `row` asks that `relative` does not."""
    return Novelty(
        relative.id, _new(_asked(row), _asked(relative)),
        _new([o.text for o in row.options], [o.text for o in relative.options]), _answers_otherwise(row, relative))


def least_novelty(row: Instruction, relatives: Iterable[Instruction]) -> Novelty | None:
    """Against the relative to which the row adds least; None without relatives."""
    found = [novelty(row, relative) for relative in relatives]
    return min(found, key=lambda n: (n.enough, n.another_answer, len(n.words)), default=None)


def growth(row: Instruction, parent: Instruction) -> int:
    """Words by which the question is longer than its parent's."""
    return len(row.question.split()) - len(parent.question.split())


def _asked(row: Instruction) -> list[str]:
    return [m.content for m in row.messages if m.role != "system"]


def _answers_otherwise(row: Instruction, relative: Instruction) -> bool:
    own, others = _key(row), _key(relative)
    if not own or not others:
        return False
    offered = [comparison.normalise(o.text) for o in row.options]
    return not _same(own, others) and not any(_same(text, others) for text in offered)


def _key(row: Instruction) -> str:
    return next((comparison.normalise(o.text) for o in row.options if o.letter == row.key), "")


def _same(one: str, other: str) -> bool:
    a, b = (frozenset(_terms(text.split())) for text in (one, other))
    return one == other or bool(a and b and (a <= b or b <= a))


def _new(texts: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    """Words of `texts` that `others` lack, in order, each once; numbers only if there are more of them than before."""
    own, known = ([comparison.words(text) for text in group] for group in (map(_about_the_case, texts), others))
    terms, before = ([t for words in group for t in _terms(words)] for group in (own, known))
    plain_before = [w for words in known for w in words]
    stems, joined = {_stem(t) for t in before}, "".join(before)
    short = {"".join(run) for run in _initials(plain_before)}
    spelt = _spelt_out([w for words in own for w in words], set(plain_before))
    new = [
        t for t in dict.fromkeys(terms)
        if not t[0].isdigit() and _stem(t) not in stems and t not in short and t not in spelt
        and not (len(t) > 4 and t in joined)
    ]
    added = _numbers(terms) - _numbers(before)
    return (*new, *list(dict.fromkeys(t for t in terms if t[0].isdigit() and t not in before))[: max(0, added)])


def _terms(words: list[str]) -> list[str]:
    """The words that carry meaning, spelling folded, phrases and synonyms replaced by one form."""
    terms: list[str] = []
    position = 0
    while position < len(words):
        phrase = next((tuple(words[position : position + n]) for n in range(_LONGEST_PHRASE, 1, -1)
                       if tuple(words[position : position + n]) in PHRASES), None)
        position += len(phrase) if phrase else 1
        word = PHRASES[phrase] if phrase else words[position - 1]
        word = word if word == "one" else SPELT_NUMBERS.get(word, word)
        if terms and terms[-1] in _TENS and len(word) == 1 and word.isdigit() and words[position - 2] in SPELT_NUMBERS:
            terms[-1] = terms[-1][0] + word  # twenty-five
            continue
        if word in FUNCTION_WORDS or word in STOCK or not (word[0].isalnum()):
            continue
        word = folded(word)
        terms.append(SYNONYMS.get(word, word))
    return [t for t in terms if t not in STOCK]


def _about_the_case(text: str) -> str:
    """The text without statements that tell the reader how to go about it, but with whatever they say in figures."""
    told = (m[0] for m in _SENTENCE.finditer(text))
    return " ".join(s for s in told if "?" in s or any(c.isdigit() for c in s) or not _TO_THE_READER.search(s))


def _numbers(terms: list[str]) -> int:
    return sum(t[0].isdigit() for t in terms)


def _stem(word: str) -> str:
    """The word without its commonest endings, so that inflections agree: dilated, dilating, dilation."""
    for ending in ("ations", "ation", "ings", "ions", "ally", "ing", "ion", "ies", "ied", "ed", "es", "ly", "al", "ic",
                   "e", "s", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return SYNONYMS.get(word, word[: -len(ending)])
    return word


def _initials(words: list[str]) -> Iterable[list[str]]:
    """First letters of every run of words that an abbreviation may stand for."""
    said = [w for w in words if w not in ("of", "the", "and", "in")]
    for length in _INITIALS:
        for start in range(len(said) - length + 1):
            yield [w[0] for w in said[start : start + length]]


def _spelt_out(words: list[str], before: set[str]) -> set[str]:
    """Words of runs whose initials are an abbreviation that the other text uses."""
    said, found = [w for w in words if w not in ("of", "the", "and", "in")], set()
    for length in _INITIALS:
        for start in range(len(said) - length + 1):
            run = said[start : start + length]
            if "".join(w[0] for w in run) in before:
                found |= {SYNONYMS.get(folded(w), folded(w)) for w in run}
    return found


