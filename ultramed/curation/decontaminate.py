"""The leak screen: finds instructions and other texts that reveal a benchmark question.

A leak is one of three: the same question; a shared n-gram of question or context; or, for a question too short for
an n-gram, nearly the same words as a benchmark question, with and without function words.

Text that several benchmark items share is boilerplate, not a leak ("which of the following is the most likely
diagnosis", "temperature is 37 °C, pulse is 72/min …", whatever the numbers). Vignettes contain more of it than one
benchmark reveals: by n-grams alone, a fifth of one half of a real exam looked like a leak of the other half. So a
shared n-gram counts only if the shared run is half as long again, or it contains words that few items have, or the
text has half of the item's content words (figures in tests/curation/test_decontaminate.py).

Reasons contain benchmark ids, hashes and numbers, never benchmark text.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Protocol

from xxhash import xxh3_64_hexdigest, xxh3_64_intdigest

from ultramed.curation.cleaning import clean
from ultramed.curation.comparison import jaccard, words
from ultramed.curation.spelling import Speller
from ultramed.curation.vocabulary import FUNCTION_WORDS
from ultramed.params import Decontaminate
from ultramed.records import Instruction, Option

COMMON = 3  # a question or n-gram in this many benchmark items is boilerplate
RUN = 1.5  # a shared run of this many n-gram lengths is a leak by itself
TELLING = 4  # an n-gram with this many words that few benchmark items have is a leak
FEW = 0.02  # largest share of benchmark items that counts as few
SHARE = 0.5  # otherwise, the share of an item's content words that the text must have
EMBEDDED = 4  # content words a sentence needs to be compared with the short questions
_QUESTION = re.compile(r"\n\s*\n(?:Question:)?\s*")
_SENTENCE = re.compile(r"(?<=[.?!:])\s+|\n+")


class BenchmarkItem(Protocol):
    """The fields of a benchmark question that the screen reads."""

    @property
    def id(self) -> str: ...
    @property
    def question(self) -> str: ...
    @property
    def context(self) -> str | None: ...
    @property
    def options(self) -> Sequence[Option]: ...


@dataclass(frozen=True)
class Leak:
    """A benchmark item that a text reveals, and the evidence."""

    benchmark_id: str
    kind: str  # equal | ngram | similar
    evidence: str  # the match, with value and threshold if it has them; no benchmark text

    @property
    def reason(self) -> str:
        return f"leaks benchmark item {self.benchmark_id}: {self.evidence}"


@dataclass(frozen=True)
class _Item:
    """The words of a benchmark item, which was cleaned as rows are."""

    id: str
    question: list[str]
    context: list[str]
    options: list[str]  # each as one text, sorted


class Index:
    """Benchmark items indexed for matching. Build it with `from_items`."""

    def __init__(self, settings: Decontaminate) -> None:
        self.settings = settings
        self._speller = Speller()
        self._questions: dict[str, str] = {}  # question key (boilerplate: with its options) to item id
        self._longest = settings.ngram / max(settings.short, 1e-9)  # most words that can match a short question
        self._boilerplate: set[str] = set()
        self._texts: list[tuple[str, frozenset[str]]] = []  # id and content words of each question and context
        self._ngrams: dict[int, list[int]] = defaultdict(list)  # hash to positions in _texts
        self._frequent: frozenset[str] = frozenset()  # words that more than a few items have
        self._short: list[tuple[str, frozenset[str], frozenset[str], int]] = []  # id, words, content words, word count
        self._holding: dict[str, list[int]] = defaultdict(list)  # content word to positions in _short
        self._known: frozenset[str] = frozenset()  # these content words

    @classmethod
    def from_items(cls, items: Iterable[BenchmarkItem], settings: Decontaminate) -> "Index":
        """An index over all items."""
        index = cls(settings)
        kept = [index._read(item) for item in items]
        index._add_questions(kept)
        index._add_ngrams(kept)
        for item in kept:
            index._add_short(item)
        index._known = frozenset(index._holding)
        return index

    def match(self, instruction: Instruction) -> Leak | None:
        """The first benchmark item that an instruction's turns or reference answer reveal."""
        options = self._options(instruction.options)
        for message in instruction.messages:
            if message.role != "system" and (leak := self._turn(message.content, options)):
                return leak
        return self.leaks_text(instruction.reference or "")

    def leaks_text(self, text: str) -> Leak | None:
        """The first benchmark item that a free text (completion, candidate, demonstration) reveals."""
        return self._shared_ngram(self._words(text)) or self._embedded(_SENTENCE.split(text))

    def _turn(self, text: str, options: list[str]) -> Leak | None:
        asked = [self._words(text)]
        if len(parts := _QUESTION.split(text)) > 1:  # the question after a context
            asked.append(self._words(parts[-1]))
        for question in asked:
            if leak := self._equal(question, options) or self._similar(question):
                return leak
        sentences = _SENTENCE.split(text)
        return self._shared_ngram(asked[0]) or (self._embedded(sentences) if len(sentences) > 1 else None)

    def _embedded(self, sentences: Sequence[str]) -> Leak | None:
        """A short benchmark question among the sentences of a text."""
        longest = self._longest * 12  # characters; 12 per word is generous
        for sentence in sentences:
            if len(sentence) < longest and (leak := self._similar(self._words(sentence), EMBEDDED)):
                return leak
        return None

    def _read(self, item: BenchmarkItem) -> _Item:
        options = [Option(o.letter, clean(o.text)) for o in item.options]
        question, context = (self._words(clean(text)) for text in (item.question, item.context or ""))
        return _Item(item.id, question, context, self._options(options))

    def _add_questions(self, items: Sequence[_Item]) -> None:
        asked = [_key(item.question) for item in items]
        count = Counter(asked)
        for item, key in zip(items, asked, strict=True):
            if count[key] >= COMMON:
                self._boilerplate.add(key)
                key = _key([key, *item.options])
            self._questions.setdefault(key, item.id)

    def _add_ngrams(self, items: Sequence[_Item]) -> None:
        tokenised = [[item.question, item.context] for item in items]
        patterns, holders = Counter[int](), Counter[str]()
        for texts in tokenised:
            patterns.update({gram for text in texts for gram in self._hashes(_masked(text))})
            holders.update({word for text in texts for word in text})
        self._frequent = frozenset(w for w, count in holders.items() if count > max(1, FEW * len(items)))
        for item, texts in zip(items, tokenised, strict=True):
            for text in texts:
                for gram, pattern in zip(self._hashes(text), self._hashes(_masked(text)), strict=True):
                    if patterns[pattern] < COMMON:
                        self._ngrams[gram].append(len(self._texts))
                self._texts.append((item.id, _content(text)))

    def _add_short(self, item: _Item) -> None:
        asked = item.question
        if _key(asked) in self._boilerplate:
            return
        for word in _content(asked):
            self._holding[word].append(len(self._short))
        self._short.append((item.id, frozenset(asked), _content(asked), len(asked)))

    def _equal(self, asked: list[str], options: list[str]) -> Leak | None:
        key = _key(asked)
        if key in self._boilerplate:
            key = _key([key, *options])
        item_id = self._questions.get(key)
        return Leak(item_id, "equal", f"the same question, hash {key}") if item_id else None

    def _shared_ngram(self, tokens: list[str]) -> Leak | None:
        shared: dict[int, list[int]] = defaultdict(list)  # position in _texts to starts of the shared n-grams
        grams = self._hashes(tokens)
        for start, gram in enumerate(grams):
            for position in self._ngrams.get(gram, ()):
                shared[position].append(start)
        for position, starts in sorted(shared.items()):
            item_id, item_words = self._texts[position]
            run, share = self._longest_run(starts), len(item_words & _content(tokens)) / max(1, len(item_words))
            if run >= RUN * self.settings.ngram or share >= SHARE or self._telling(tokens, starts) >= TELLING:
                shown = f"n-gram of {self.settings.ngram} words with hash {grams[starts[0]]:016x}"
                return Leak(item_id, "ngram", f"{shown}; {run} words in a row, {share:.2f} of its content words")
        return None

    def _longest_run(self, starts: list[int]) -> int:
        """Words in the longest run of n-grams that start one word apart."""
        longest = length = 1
        for before, after in pairwise(starts):
            length = length + 1 if after == before + 1 else 1
            longest = max(longest, length)
        return longest + self.settings.ngram - 1

    def _telling(self, tokens: list[str], starts: list[int]) -> int:
        """The most words, except numbers, in one of these n-grams that few benchmark items have."""
        grams = (set(tokens[start : start + self.settings.ngram]) for start in starts)
        return max(sum(w not in self._frequent and not w[0].isdigit() for w in gram) for gram in grams)

    def _similar(self, asked: list[str], least: int = 0) -> Leak | None:
        """A benchmark question with nearly the same words, if either of the two is shorter than the n-gram.
        `least`: content words that the text must have."""
        own_words, best = frozenset(asked), (0.0, "")
        own = own_words - FUNCTION_WORDS
        if len(own_words) > self._longest or len(own) < least:
            return None
        for position in self._possible(own):
            item_id, its_words, its_content, length = self._short[position]
            if min(len(asked), length) < self.settings.ngram:
                best = max(best, (min(jaccard(own_words, its_words), jaccard(own, its_content)), item_id))
        if best[0] < self.settings.short or not best[1]:
            return None
        return Leak(best[1], "similar", f"words {best[0]:.2f} alike; from {self.settings.short:.2f}")

    def _possible(self, own: frozenset[str]) -> set[int]:
        """Questions that can reach the similarity: they contain one of the rarest words (prefix filtering)."""
        needed = ceil(self.settings.short * len(own) - 1e-9)
        if len(own & self._known) < needed:
            return set()
        rarest = sorted(own, key=lambda w: (len(self._holding.get(w, ())), w))[: len(own) - needed + 1]
        return {position for word in rarest for position in self._holding.get(word, ())}

    def _words(self, text: str) -> list[str]:
        """The words of a text in one spelling: "haemophilia" does not get past "hemophilia"."""
        return self._speller.respelt(words(text))

    def _options(self, options: Sequence[Option]) -> list[str]:
        return sorted(" ".join(self._words(o.text)) for o in options)

    def _hashes(self, tokens: list[str]) -> list[int]:
        size = self.settings.ngram
        return [xxh3_64_intdigest(" ".join(tokens[n : n + size]).encode()) for n in range(len(tokens) - size + 1)]


def _content(tokens: list[str]) -> frozenset[str]:
    return frozenset(tokens) - FUNCTION_WORDS


def _masked(tokens: list[str]) -> list[str]:
    """The words with every number replaced by 0."""
    return ["0" if any(c.isdigit() for c in word) else word for word in tokens]


def _key(parts: list[str]) -> str:
    return xxh3_64_hexdigest("\x1f".join(parts).encode())
