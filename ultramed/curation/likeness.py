"""How much one instruction is like another, and whether that makes the one a repetition of the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from ultramed.curation import comparison, minhash
from ultramed.curation.comparison import words
from ultramed.curation.vocabulary import listed
from ultramed.params import Dedup
from ultramed.records import Instruction

AGREEING = 0.25  # below the threshold, from which questions count as alike whose reference answers are alike
REWORDED = 0.15  # the same for exam items with the same options and key, compared by letters
MIN_ANSWER = 8  # words from which equal answers say something about their questions
_COMMONPLACE = listed("yes no maybe true false none all both increased decreased unchanged")


@dataclass(frozen=True)
class Duplicate:
    """A row and the earlier row it repeats."""

    id: str
    of: str
    similarity: float
    threshold: float
    measure: str  # what the similarity is of

    @property
    def reason(self) -> str:
        return f"near-duplicate of {self.of}: {self.measure} {self.similarity:.2f} alike; from {self.threshold:.2f}"


class Comparer:
    """Compares rows by position; their shingles are made once, when first needed."""

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
        """Whether two rows belong into one family: alike at the threshold, whatever their numbers say; for short
        questions about the same subject only, or a template ("What are the symptoms of …") would make one family."""
        if self.similarity(a, b) < self.settings.threshold:
            return False
        return not comparison.other_subject(words(asked(self.rows[a])), words(asked(self.rows[b])))

    def compare(self, a: int, b: int) -> Duplicate | None:
        """Whether row a repeats row b: alike by itself, or nearly so while the answers agree; and nothing that
        matters differs."""
        row, kept, threshold = self.rows[a], self.rows[b], self.settings.threshold
        alike = self.similarity(a, b)
        if alike >= threshold:
            found = Duplicate(row.id, kept.id, alike, threshold, "word shingles")
        elif (item := exam_item(row)) and item == exam_item(kept):
            stems = [comparison.letters(words(asked(i))) for i in (row, kept)]
            measure = "same options and key, letters of the stems"
            found = Duplicate(row.id, kept.id, comparison.jaccard(*stems), threshold - REWORDED, measure)
        elif alike >= threshold - AGREEING and self._same_answer(row, kept):
            measure = "same answer, word shingles of the questions"
            found = Duplicate(row.id, kept.id, alike, threshold - AGREEING, measure)
        else:
            return None
        return found if found.similarity >= found.threshold and not self._differ(row, kept) else None

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
    """All turns but the system's."""
    return "\n".join(m.content for m in instruction.messages if m.role != "system")


def options_text(instruction: Instruction) -> str:
    """The options normalised, in sorted order, one a line."""
    return "\n".join(sorted(comparison.normalise(o.text) for o in instruction.options))


def wording(instruction: Instruction) -> list[str]:
    """Words of all turns, then of the options in sorted order."""
    return words(f"{asked(instruction)}\n{options_text(instruction)}" if instruction.options else asked(instruction))


def exam_item(instruction: Instruction) -> str | None:
    """Options and key of an exam item as one text; None for open questions and for options such as yes, no, maybe."""
    texts = {o.letter: comparison.normalise(o.text) for o in instruction.options}
    telling = [t for t in texts.values() if len(t) > 2 and t not in _COMMONPLACE]
    if instruction.key not in texts or len(telling) < 3:
        return None
    return "\x1f".join([*sorted(texts.values()), texts[instruction.key]])
