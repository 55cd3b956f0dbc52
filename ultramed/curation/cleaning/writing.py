"""Repairs below the level of words: encodings, control characters, white space."""

import re

import ftfy

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffc]")
_SPACES = re.compile(r"[^\S\n]+")


def mended(text: str) -> str:
    """The text without mojibake. NFC, never NFKC, which turns 10⁹ into 109; entities are left to the HTML step."""
    if text.isascii():
        return text
    return ftfy.fix_text(
        text, unescape_html=False, uncurl_quotes=False, fix_character_width=False, remove_control_chars=False,
        normalization="NFC",
    )


def without_control_characters(text: str) -> str:
    """The text without control and zero-width characters, its lines ended by "\\n"."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", " ").replace("\x0c", "\n"))


def single_spaced(text: str) -> str:
    """The text with one space between words and one blank line between paragraphs at most."""
    lines = [_SPACES.sub(" ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
