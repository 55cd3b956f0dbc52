"""Cleaning repairs how a text is written, never what it says: numbers, units and the order of options stay."""

from collections.abc import Callable

from ultramed.curation.cleaning.boilerplate import without_boilerplate
from ultramed.curation.cleaning.markup import without_html, without_markdown_leftovers
from ultramed.curation.cleaning.special_tokens import without_frame
from ultramed.curation.cleaning.writing import mended, single_spaced, without_control_characters

_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("mojibake", mended), ("html", without_html), ("control characters", without_control_characters),
    ("special tokens", without_frame), ("markdown", without_markdown_leftovers), ("boilerplate", without_boilerplate),
    ("white space", single_spaced),
)


def repaired(text: str) -> tuple[str, list[str]]:
    """The cleaned text, and the names of the steps that changed it. Cleaning twice changes nothing more.

    Mojibake is mended and HTML turned into plain text; control characters, the special tokens around a text, leftovers
    of Markdown, boilerplate and superfluous white space are taken out.
    """
    names = []
    for name, step in _STEPS:
        after = step(text)
        if after != text:
            names.append(name)
        text = after
    return text, names


def clean(text: str) -> str:
    """The text as `repaired` gives it."""
    return repaired(text)[0]
