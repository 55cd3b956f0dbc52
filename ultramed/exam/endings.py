"""How answers end that say nothing outright: an option on a line of its own, "… pneumonia (B).", "Therefore, B.", the
text of an option. Weaker than a statement: they count only where there is none, and where they agree."""

import re
from collections.abc import Iterator

from ultramed.exam import phrases
from ultramed.exam.clauses import REACH, held, sentence_end, sentence_start
from ultramed.exam.lines import lines, option_lines, reviewed_line
from ultramed.exam.mention import Mention, mention_at
from ultramed.exam.options import Options

BETWEEN = 12  # characters of brackets and labels between a closing and its option
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|hence|so|conclu\w+|best|most|correct|answer|likely|diagnosis|overall|accordingly|consequently|confirm\w*"
    r"|consistent|match\w*|fits?|correspond\w*|aligns?|left|leaves|based\s+on|commonest|points?|suggests?|indicates?|must)\b",
    re.IGNORECASE,
)
_ANSWERS = re.compile(r"\b(?:most\s+\w+|best|correct|answer|next\s+step)\b", re.IGNORECASE)
_LAST = re.compile(
    r"(?:[(\[]\s*(?:(?:option|choice|answer)\s+)?(?=[A-Z]\s*[)\]])|\b(?:option|choice)\s+(?=[*_(\"']*[A-Z]\b)"
    r"|\*\*\(?(?=[A-Z][.):]?\)?\*\*)|\*\*\(?(?=[A-Z][.):]\s))",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[^\w\n]*\s*$")
_THEREFORE = re.compile(
    r"\b(?:(?:so|thus|therefore|hence|in\s+conclusion|overall)[,:]?\s+(?:I\s+say\s+)?|(?:leaves|leaving|left)(?:\s+us)?(?:\s+with)?(?:\s+only)?\s+"
    r"|(?:it|this|that)(?:['’]s|\s+is|\s+must\s+be|\s+has\s+to\s+be)\s+(?:(?:actually|therefore|thus|clearly|most\s+likely|probably)\s+)?)",
    re.IGNORECASE,
)
_NAMES = re.compile(
    r"(?:\b(?:is|are|be|was|has|have|remains|represents|choose|select|pick|as|answer|diagnosis|with|of|to|called|suggests?|indicates?|confirms?)\b|[:=])"
    r"[\s*_:\"'“]+(?:(?:therefore|most\s+likely|likely|probably|thus|called|to|the|a|an)\s+)*",
    re.IGNORECASE,
)


def endings(text: str, options: Options) -> list[Mention]:
    """The options that the first and the last line, the first and the last sentence name."""
    ink = text.rstrip()
    if not ink:
        return []
    last = sentence_start(ink, max(0, len(ink) - 2))
    head = ink[: sentence_end(ink, len(ink) - len(ink.lstrip()))]
    opening = [(head, 0)] if last and _ANSWERS.search(head) else []
    parts = [*opening, (ink, last)]
    found = [*option_lines(text, options), *reviewed_line(text, options)]
    for part, start in parts:
        found += [*_lettered(part, start, options), *_therefore(part, start, options)]
    found = found or [*_whole(ink, options), *(m for part, start in parts for m in _named(part, start, options))]
    return [m for m in found if not _was_refused(text, m)]


def _was_refused(text: str, mention: Mention) -> bool:
    """Whether a closing names the option, and does not hold it true: else it would have been read outright."""
    heads = phrases.HEAD.finditer(text, max(0, mention.start - REACH), mention.start)
    return any(mention.start - head.end() < BETWEEN for head in heads)


def _lettered(text: str, start: int, options: Options) -> Iterator[Mention]:
    """ "… is adenosine (option B)." """
    places = [place.start() for place in _LAST.finditer(text, start)]
    marks = [(place, m) for place in places if (m := mention_at(text, place, options))]
    if len({m.letter for _, m in marks}) != 1:
        return
    place, last = marks[-1]
    if "**" not in text[last.start - 3 : last.start] and not _CONCLUDES.search(text, start):
        return
    if _ENDS.match(text, last.after) and held(text, place, last.after):
        yield last


def _therefore(text: str, start: int, options: Options) -> Iterator[Mention]:
    """ "Therefore, B." """
    for place in _THEREFORE.finditer(text, start):
        mention = mention_at(text, place.end(), options)
        if mention and _ENDS.match(text, mention.after) and held(text, place.start(), mention.after):
            yield mention


def _whole(text: str, options: Options) -> Iterator[Mention]:
    """A first or last line that is the text of an option."""
    found = lines(text) if options.named else []
    for line in found[:1] + found[-1:]:
        mention = mention_at(text[: line.end], line.start, options)
        if mention and mention.marked and _ENDS.match(text[: line.end], mention.after):
            yield mention


def _named(text: str, start: int, options: Options) -> Iterator[Mention]:
    """The text of an option where a concluding sentence ends with it: "The most likely diagnosis is pneumonia." """
    if not options.named or not _CONCLUDES.search(text, start):
        return
    for place in _NAMES.finditer(text, start):
        mention = mention_at(text, place.end(), options)
        if mention and mention.marked and held(text, place.start(), mention.after):
            yield mention
