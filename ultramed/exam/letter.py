"""The letter that an answer settles on, where it says so, and the one that a reasoning closes on.

What is said outright counts first: a field of JSON, a closing sentence, a box or tag, a letter that is the first or the
last line. Two different letters are unreadable, unless the later one corrects the earlier in words. Only where nothing
is said outright count an option on a line of its own, the end of a concluding sentence, and the text of an option.
An answer that names no letter never becomes an "A".
"""

import re
from dataclasses import dataclass

from ultramed.exam.endings import endings
from ultramed.exam.fields import fields
from ultramed.exam.lines import bare_lines
from ultramed.exam.mention import Mention
from ultramed.exam.options import Given, Options
from ultramed.exam.statements import Statement, statements
from ultramed.exam.visible import next_question, without_thinking
from ultramed.exam.wording import either

_CORRECTS = re.compile(
    rf"\b(?:{either('wait actually correction sorry oops disagree hold_on hang_on scratch_that I_mean I_meant')})\b"
    r"|\brevis(?:e|ed|ing)\b"
    r"|\bno(?:pe)?[,.!:;—–]|\bon\s+(?:reflection|second\s+thoughts?|closer\s+\w+|further\s+\w+)\b"
    r"|\bcorrecting\s+(?:myself|this|that|my)\b|\bmy\s+(?:mistake|error|apologies|bad)\b|\bchanged?\s+my\s+(?:mind|answer)\b"
    r"|\bI\s+(?:made|was\s+(?:wrong|mistaken)|misread|misspoke|apologi[sz]e|change|stand\s+corrected)"
    r"|\blet\s+me\s+(?:re|correct|double|think\s+again)|\bre-?(?:consider|evaluat|examin|think|assess)\w*"
    r"|\b(?:that|this)\s+(?:is|was|would\s+be)\s+(?:wrong|incorrect|not\s+(?:right|correct))\b",
    re.IGNORECASE,
)
_TAKES_BACK = re.compile(
    r"\b(?:wait|no|hmm+|actually)\b[,.!—– ]*(?:that|this|it)(?:['’]s|\s+is|\s+was|\s+can(?:no|['’])t\s+be)\s+"
    r"(?:wrong|incorrect|not\s+(?:right|correct)|right)|\b(?:scratch\s+that|oops|I\s+meant?)\b",
    re.IGNORECASE,
)

STRUCK = "▢"  # stands where a letter was
_NAMED = re.compile(  # a letter that names an option: "option B", "(B)", "B." at the start of a line
    r"(?P<before>\b(?:[Oo]ptions?|[Cc]hoices?|[Aa]nswers?|[Ll]etters?)\s+[(\[\"'*]*|[(\[]|(?<=\bor )|(?<=\band )"
    r"|^[\s*_-]*)"
    r"(?P<letter>[A-J])(?=[)\].,:;]|\s*$|\s+(?:is|was|and|or|because|fits|would|can)\b|\*)", re.MULTILINE)


@dataclass(frozen=True)
class Reading:
    """What an answer settles on. Example: Reading("B", 18, 19, ("B",)) of "So, the answer is B."."""

    letter: str | None  # None: nothing settled, or two letters
    start: int | None = None  # place of the letter in the text, or of the option's text where no letter is given
    end: int | None = None
    settled: tuple[str, ...] = ()  # letters said outright and not corrected, in order; two contradict each other


def read_letter(text: str, options: Given) -> Reading:
    """The letter that an answer settles on, and where. `options` are letters with their texts, or letters alone."""
    choices = Options.of(options)
    said, visible = _said(text, choices)
    if not said:
        return _weak(visible, choices)
    settled = _uncorrected(said, visible)
    letters = tuple(dict.fromkeys(s.letter for s in settled if s.letter))
    last = settled[-1].mention
    if len(letters) != 1 or last.letter is None or _TAKES_BACK.search(visible, last.after):
        return Reading(None, settled=letters)
    return Reading(last.letter, last.start, last.end, letters)


def chosen_letter(text: str, options: Given) -> str | None:
    """The letter that an answer settles on; None where there is none, or where it settles on two."""
    return read_letter(text, options).letter


def closes_on(reasoning: str, options: Given) -> str | None:
    """The letter that a reasoning ends with, whatever it weighed before; None where it ends with none."""
    choices = Options.of(options)
    said, visible = _said(reasoning, choices)
    if not said:
        return _weak(visible, choices).letter
    return None if _CORRECTS.search(visible, said[-1].mention.after) else said[-1].letter


def reasoning(text: str) -> str:
    """What precedes the closing sentence "So, the answer is X."; the whole text where there is none."""
    visible = without_thinking(text)
    closings = [s for s in statements(visible, Options.of("ABCDEFGHIJ")) if s.letter]
    if not closings:
        return text.strip()
    last = closings[-1].start
    start = max(text.rfind("\n", 0, last), text.rfind(". ", 0, last) + 1)
    return text[: max(start, 0)].strip()


def struck(reasoning: str, options: Given) -> str:
    """The reasoning with every letter that names an option struck out: "(▢)", "option ▢". Letters that belong to a
    term, such as vitamin B, stay."""
    choices = Options.of(options)
    text = list(reasoning)
    for statement in _said(reasoning, choices)[0]:
        mention = statement.mention
        if mention.end - mention.start == 1:
            text[mention.start] = STRUCK
    return _NAMED.sub(lambda m: f"{m['before']}{STRUCK}" if m["letter"] in choices.words else m[0], "".join(text))


def _said(text: str, options: Options) -> tuple[list[Statement], str]:
    """What is said outright, up to the next question, and the text that it is read from."""
    found = fields(without_thinking(text), options)
    visible = found.rest
    said = sorted([*found.statements, *statements(visible, options)], key=lambda s: s.mention.start)
    if said:
        visible = visible[: next_question(visible, said[0].mention.after)]
    said = [s for s in said if s.mention.end <= len(visible)]
    bare = [Statement(m.start, m) for m in bare_lines(visible, options)]
    said = sorted([*_without_reviews(said), *bare], key=lambda s: s.mention.start)
    return [s for s in said if not s.supposed] or said, visible


def _without_reviews(said: list[Statement]) -> list[Statement]:
    """Without verdicts on one option after the other: "A is correct. B is correct." settles on neither."""
    several = len({s.letter for s in said if s.verdict}) > 1
    return [s for s in said if not (several and s.verdict)]


def _uncorrected(said: list[Statement], text: str) -> list[Statement]:
    """From the last letter on that corrects an earlier one. Several letters at once settle nothing if one follows."""
    kept: list[Statement] = []
    for statement in said:
        if kept and statement.letter != kept[-1].letter:
            corrects = _CORRECTS.search(text, kept[-1].mention.after, statement.mention.start)
            kept = [] if corrects or kept[-1].letter is None else kept
        kept.append(statement)
    return kept


def _weak(text: str, options: Options) -> Reading:
    found: list[Mention] = endings(text, options)
    letters = {m.letter for m in found}
    if len(letters) != 1 or None in letters:
        return Reading(None)
    return Reading(found[-1].letter, found[-1].start, found[-1].end)
