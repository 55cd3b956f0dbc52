"""The answer's field in JSON: `{"reasoning": …, "answer_choice": "B"}`. Objects may be broken; nothing is decoded."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ultramed.exam.mention import Mention, mention_at
from ultramed.exam.options import Options
from ultramed.exam.statements import Statement
from ultramed.exam.visible import blanked

PROSE = 60  # characters from which a value is prose, read like any other, and no option
_OBJECT = re.compile(r"\{(?=\s*[\"'][\w -]+[\"']\s*:)")
_TOKEN = re.compile(r"\"(?:\\.|[^\"\\])*+\"|[{}]", re.DOTALL)
_FIELD = re.compile(
    r"(?<!\\)[\"'](?:(?:the|my|final|correct|chosen|selected|best|predicted)[ _-]?){0,3}"
    r"(?:answer|option|choice|letter|prediction|selection|key)(?:[ _-]?(?:choice|letter|idx|index|option|id|key))?[\"']"
    r"\s*:\s*(?P<value>\"(?:\\.|[^\"\\])*+\"|'[^'\n]*'"
    r"|\[\s*\"[^\"\n]*\"(?:\s*,\s*\"[^\"\n]*\")*\s*\]|[A-Za-z](?=\s*[,}\n])|null\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fields:
    """What the answer's fields of a text say, and the text without the objects that hold them."""

    statements: list[Statement]
    rest: str


def fields(text: str, options: Options) -> Fields:
    """Every field that holds the answer. Objects without one stay in the text; one that was cut off does not."""
    found: list[Statement] = []
    hidden: list[tuple[int, int]] = []
    for start, end, closed in _objects(text):
        values = [match.span("value") for match in _FIELD.finditer(text, start, end)]
        short = [span for span in values if span[1] - span[0] <= PROSE or _mention(text, span, options)]
        found += [Statement(span[0], _mention(text, span, options) or _nothing(span)) for span in short]
        if short or not closed:
            hidden.append((start, end))
    return Fields(found, blanked(text, hidden))


def _mention(text: str, span: tuple[int, int], options: Options) -> Mention | None:
    start, end = span
    value = text[start:end].rstrip("]\"' ")
    found = mention_at(value, 0, options, small=True)
    if found is None:
        return None
    return replace(found, start=found.start + start, end=found.end + start, after=found.after + start)


def _nothing(span: tuple[int, int]) -> Mention:
    return Mention(None, span[0], span[1], span[1], True)


def _objects(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether it is closed) of each outermost object."""
    done = 0
    while opened := _OBJECT.search(text, done):
        depth, done = 0, len(text)
        for token in _TOKEN.finditer(text, opened.start()):
            depth += (token[0] == "{") - (token[0] == "}")
            if depth == 0:
                done = token.end()
                break
        yield opened.start(), done, depth == 0
