"""How similar two instructions are, and whether one is therefore a duplicate of the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from ultramed.curation import comparison, minhash
from ultramed.curation.comparison import words
from ultramed.curation.novelty import novelty
from ultramed.curation.vocabulary import listed
from ultramed.params import Dedup
from ultramed.records import Instruction

AGREEING = 0.25  # how far below the threshold questions with similar reference answers may be
REWORDED = 0.15  # likewise for exam items with the same options and key, compared by letters
MIN_ANSWER = 8  # words an answer needs before its similarity says anything about the question
_COMMONPLACE = listed("yes no maybe true false none all both increased decreased unchanged")


@dataclass(frozen=True)
class Duplicate:
    """A row and the earlier row it repeats."""

    id: str
    of: str
    similarity: float
    threshold: float
    measure: str  # what was compared

    @property
    def reason(self) -> str:
        """For a verdict."""
        return f"near-duplicate of {self.of}: {self.measure} {self.similarity:.2f} alike; from {self.threshold:.2f}"


class Comparer:
    """Compares rows by position; their shingles are computed once, on first use."""

    def __init__(self, rows: Sequence[Instruction], settings: Dedup) -> None:
        self.rows, self.settings = rows, settings
        self.shingler = minhash.Shingler(settings.shingle)
        self._shingles: dict[int, minhash.Hashes] = {}

    def similarity(self, a: int, b: int) -> float:
        """Jaccard similarity of the word shingles of question and options."""
        for position in (a, b):
            if position not in self._shingles:
                self._shingles[position] = self.shingler.one(wording(self.rows[position]))
        return minhash.similarity(self._shingles[a], self._shingles[b])

    def related(self, a: int, b: int) -> bool:
        """Whether two rows belong to one family: similar at the threshold, whatever their numbers. Short questions
        must share their subject, or a template ("What are the symptoms of …") would form one family."""
        if self.similarity(a, b) < self.settings.threshold:
            return False
        return not comparison.other_subject(words(asked(self.rows[a])), words(asked(self.rows[b])))

    def compare(self, a: int, b: int) -> Duplicate | None:
        """Whether row a repeats row b: similar, or nearly so with the same answer, and no difference that matters.
        Evolved rows are meant to share most of their wording: relatives are compared by what is new in row a."""
        row, kept, threshold = self.rows[a], self.rows[b], self.settings.threshold
        similarity = self.similarity(a, b)
        if row.family == kept.family:
            measure = "a relative without enough new words, word shingles"
            return None if novelty(row, kept).enough else Duplicate(row.id, kept.id, similarity, 0.0, measure)
        if similarity >= threshold:
            duplicate = Duplicate(row.id, kept.id, similarity, threshold, "word shingles")
        elif (item := exam_item(row)) and item == exam_item(kept):
            stems = [comparison.letters(words(asked(i))) for i in (row, kept)]
            measure = "same options and key, letters of the stems"
            duplicate = Duplicate(row.id, kept.id, comparison.jaccard(*stems), threshold - REWORDED, measure)
        elif similarity >= threshold - AGREEING and self._same_answer(row, kept):
            measure = "same answer, word shingles of the questions"
            duplicate = Duplicate(row.id, kept.id, similarity, threshold - AGREEING, measure)
        else:
            return None
        return duplicate if duplicate.similarity >= duplicate.threshold and not self._differ(row, kept) else None

    def _same_answer(self, row: Instruction, kept: Instruction) -> bool:
        answers = [words(i.reference or "") for i in (row, kept)]
        if min(map(len, answers)) < MIN_ANSWER:
            return False
        return minhash.similarity(*map(self.shingler.one, answers)) >= self.settings.threshold

    def _differ(self, row: Instruction, kept: Instruction) -> bool:
        a, b = (words(options_text(i)) for i in (row, kept))
        if a != b:
            alike = comparison.jaccard(frozenset(a), frozenset(b))
            if alike < self.settings.threshold or comparison.difference(a, b):
                return True
        return comparison.difference(words(asked(row)), words(asked(kept))) is not None


def asked(instruction: Instruction) -> str:
    """All turns except the system's."""
    return "\n".join(m.content for m in instruction.messages if m.role != "system")


def options_text(instruction: Instruction) -> str:
    """The normalised options, sorted, one per line."""
    return "\n".join(sorted(comparison.normalise(o.text) for o in instruction.options))


def wording(instruction: Instruction) -> list[str]:
    """Words of all turns, then of the options in sorted order."""
    return words(f"{asked(instruction)}\n{options_text(instruction)}" if instruction.options else asked(instruction))


def commonplace(option: str) -> bool:
    """Whether a normalised option, such as yes or no, is one of many items that have nothing to do with each other."""
    return len(option) <= 2 or option in _COMMONPLACE


def exam_item(instruction: Instruction) -> str | None:
    """Options and key of an exam item as one text; None for open questions and for options such as yes, no, maybe."""
    texts = {o.letter: comparison.normalise(o.text) for o in instruction.options}
    telling = [t for t in texts.values() if not commonplace(t)]
    if instruction.key not in texts or len(telling) < 3:
        return None
    return "\x1f".join([*sorted(texts.values()), texts[instruction.key]])
