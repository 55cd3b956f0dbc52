"""Sentences and forms in which an answer settles on an option: "the answer is B", "B is correct", "\\\\boxed{B}"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ultramed.exam import phrases
from ultramed.exam.clauses import held, of_another_case, sentence_start
from ultramed.exam.mention import Mention, mention_at
from ultramed.exam.options import Options


@dataclass(frozen=True)
class Statement:
    """One place where a text settles on an option."""

    start: int
    mention: Mention
    supposed: bool = False  # "would be", "in a neonate": gives way to what is said outright
    verdict: bool = False  # "B is correct" may be said of several options, one after the other

    @property
    def letter(self) -> str | None:
        return self.mention.letter


SHORTEST = 4  # characters of a phrase
SUBJECT_REACH = 200  # characters before a predicate in which its subject is looked for
_WINDOW = re.compile(r"[^.!?\n]*+[.!?\n]++|[^.!?\n]++")
_STOPS = re.compile(r"\W*(?:$|\n)|[.!]\s")
_OPENS_LINE = re.compile(r"\n[ \t*_(-]*\Z")


def statements(text: str, options: Options) -> list[Statement]:
    """All places where the text settles on an option, in order; several at once are there, too, with no letter."""
    found = [*_closings(text, options), *_kinds(text, options), *_forms(text, options), *_predicates(text, options)]
    return sorted(found, key=lambda s: (s.mention.start, s.start))


def _closings(text: str, options: Options) -> Iterator[Statement]:
    for head in (*_matches(phrases.HEAD, text, phrases.HEAD_WORDS), *phrases.CHOOSES.finditer(text)):
        groups = head.groupdict()
        supposed = bool(groups.get("would") or groups.get("would2"))
        mention = mention_at(text, head.end(), options, small=True)
        if mention is None or phrases.BAD.search(groups.get("aside") or groups.get("aside2") or ""):
            continue
        if _of_another(text, head) or _of_another(text, head, phrases.NEXT_BEST) or _listed(text, mention):
            continue
        if held(text, head.start(), mention.after, supposed or bool(phrases.WOULD.search(head[0]))):
            yield Statement(head.start(), mention, supposed or of_another_case(text, head.start(), mention.after))


def _kinds(text: str, options: Options) -> Iterator[Statement]:
    for head in _matches(phrases.KIND, text, phrases.PRAISE_WORDS):
        mention = mention_at(text, head.end(), options)
        if mention is None or mention.letter is None or phrases.BAD.search(head[0]):
            continue
        if not (mention.marked or (phrases.CERTAIN.match(head[0]) and _STOPS.match(text, mention.end))):
            continue
        by_letter = text[mention.start : mention.end].upper() in options.words
        if by_letter and not _of_another(text, head) and held(text, head.start(), mention.after, bool(head["would"])):
            yield Statement(head.start(), mention, bool(head["would"]))


def _matches(pattern: re.Pattern[str], text: str, words: tuple[str, ...]) -> Iterator[re.Match[str]]:
    """Matches in those parts of the text alone that hold one of the words: most of a long answer is passed over."""
    for window in _WINDOW.finditer(text):
        if len(window[0]) < SHORTEST:
            continue
        lowered = window[0].lower()
        if any(word in lowered for word in words):
            yield from pattern.finditer(text, *window.span())


def _of_another(text: str, head: re.Match[str], pattern: re.Pattern[str] = phrases.OTHER) -> bool:
    """Whether the words before make it another's answer or option: "the wrong answer is", "your choice is"."""
    return bool(pattern.search(text, max(0, head.start() - 40), head.start()))


def _forms(text: str, options: Options) -> Iterator[Statement]:
    for form in phrases.FORMS.finditer(text):
        if mention := mention_at(text, form.end(), options, small=True):
            yield Statement(form.start(), mention)


def _predicates(text: str, options: Options) -> Iterator[Statement]:
    """ "B is the correct answer": the subject is looked for from the beginning of its sentence, clause by clause."""
    for predicate in _matches(phrases.PREDICATE, text, phrases.PRAISE_WORDS):
        for place in _subjects(text, predicate.start()):
            mention = mention_at(text, place, options)
            if mention is None or mention.start >= predicate.start():
                continue
            between = text[mention.after : predicate.start()]
            supposed = bool(predicate["would"])
            if phrases.VERBS.search(between) or not (mention.marked or not between.strip(" *_.,)\n")):
                continue
            if held(text, place, predicate.end(), supposed):
                elsewhere = of_another_case(text, place, predicate.end())
                yield Statement(place, mention, supposed or elsewhere, bool(predicate["bare"]))
            break


def _subjects(text: str, end: int) -> Iterator[int]:
    """Where the subject of a predicate at `end` may begin."""
    begin = max(sentence_start(text, end + 1), end - SUBJECT_REACH)
    yield begin
    for turn in phrases.SUBJECT.finditer(text, begin, end):
        yield turn.end()
    if beside := phrases.BESIDE.search(text, begin, end):
        yield beside.start()


def _listed(text: str, mention: Mention) -> bool:
    """Whether the option only opens a list of options, each on a line of its own."""
    if mention.letter is None or not _OPENS_LINE.search(text, max(0, mention.start - 12), mention.start):
        return False
    below = text[mention.after : mention.after + 1000].split("\n")[1:8]
    return any(re.match(rf"[\s*_(-]*{chr(ord(mention.letter) + 1)}[.):]", line) for line in below)
