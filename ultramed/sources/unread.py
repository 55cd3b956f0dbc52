"""Fields that a format does not read: said, or refused where the question or the answer would lose by it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from ultramed.sources.raw import Unfit

_ASKS = re.compile(  # a field with such a word in its name belongs to the question, with one of the next to the answer
    "(?:context|passage|article|document|text|abstract|background|knowledge|evidence|note|paragraph|table|image|report"
    "|transcript|history|system|dialog(?:ue)?|conversation|message|input|question|query|prompt|problem|option|choice)s?")
_ANSWERS = re.compile("(?:answer|response|output|completion|target|solution|result|label)s?|repl(?:y|ies)")
_ABOUT = re.compile(  # a name that ends so is about something, and not the thing itself
    "(?:id|idx|index|source|type|url|link|date|time|name|lang|language|length|len|count|number|num|token|model|score"
    "|rating|quality|category|topic|version|hash|path|file|license|licence|author)s?")


def unread(row: Mapping[str, Any], reads: Iterable[str]) -> list[str]:
    """Names of fields with content that are not among `reads`, in the row's order."""
    return [name for name, value in row.items() if name not in reads and filled(value)]


def filled(value: Any) -> bool:
    """Whether a value has content: text that is not blank, or anything else that is not empty."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, dict):
        return any(map(filled, value.values()))
    return any(map(filled, value)) if isinstance(value, list) else value is not None and value == value  # NaN is not


def refuse_loss(row: Mapping[str, Any], names: Iterable[str], asked: str, answer: str | None) -> None:
    """Raise Unfit where an unread field belongs to the question by its name, or to the answer of a row without one.

    A field that repeats the question (the whole prompt, once more) or a part of it is no loss.
    """
    for name in names:
        asks = _belongs(name, _ASKS) and not _repeats(row[name], asked, answer)
        if asks or (answer is None and _belongs(name, _ANSWERS) and not isinstance(row[name], bool | int | float)):
            raise Unfit("unread_field", f"field {name[:40]!a} holds what this format does not read; name its columns "
                        "with format: columns in params.yaml, or rename the field")


def _belongs(name: str, words: re.Pattern[str]) -> bool:
    parts = re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name[:80]).lower())
    return any(map(words.fullmatch, parts)) and not _ABOUT.fullmatch(parts[-1])


def _repeats(value: Any, asked: str, answer: str | None) -> bool:
    """Whether a value says no more than the question and the answer; a number says nothing."""
    if not isinstance(value, str):
        return isinstance(value, bool | int | float)
    said, known = " ".join(value.split()), " ".join(asked.split())
    return said in known or known in said or (answer is not None and said in " ".join(answer.split()))
