"""Text cleaning, and the verdict on rows that cleaning cannot save. Pure functions; no model is called.

Cleaning repairs how a text is written, never what it says: numbers, units and the order of options are kept.
"""

import html
import re
from collections.abc import Callable

import ftfy

from ultramed.curation.language import is_english
from ultramed.params import Screen
from ultramed.records import Instruction

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*\s*/?>"""
_BREAK = re.compile(rf"<(?:br|/?p|/?div|/?li|/?tr|/?h[1-6]|/?ul|/?ol|hr)\b(?:{_ATTRIBUTES})", re.IGNORECASE)
_TAG = re.compile(  # known tags only: "p <b and c> d" and "<5 or >10" are mathematics
    r"</?(?:a|b|i|u|em|strong|span|sub|font|center|table|tbody|thead|td|th|img|small|big|code|pre|blockquote|html"
    rf"|body|head|meta|section|article)(?:{_ATTRIBUTES})", re.IGNORECASE)
_BLOCK = re.compile(r"<(script|style)\b[^<>]*>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_RAISED = re.compile(r"<sup>\s*([^<>]{1,40}?)\s*</sup>", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufffc]")
_SPACES = re.compile(r"[^\S\n]+")
_BRAND = r"(?:chat\s?doctor|health\s?care\s?magic|i\s?cliniq)(?:\.com)?"
_GREETING = re.compile(  # at the start of a sentence only
    rf"(?:^|(?<=[.!?,] )|(?<=\n))(?:(?:hi|hello|dear|hey)\b[^.!?\n]{{0,40}}?[,.!]?\s*)?"
    rf"\b(?:welcome|thanks?|greetings)\b[^.!?\n]{{0,60}}?\b{_BRAND}\b(?:\s+(?:forum|website|team|today))?\s*[.,!]*",
    re.IGNORECASE)
_SIGNATURE = re.compile(
    rf"(?:\b(?:with\s+)?(?:(?:best|kind|warm)\s+)?(?:regards|wishes|sincerely|take\s+care|thanks)\b[\s,.:!-]*)?"
    rf"(?:\bdr\.?\s+)?\b{_BRAND}\b[\s.!]*$", re.IGNORECASE)
_CLOSING = re.compile(
    r"(?:\b(?:hope\s+(?:this|i|it)\b[^.!?\n]{0,40}\b(?:answer(?:s|ed)?|help(?:s|ed)?|query|question)\b[^.!?\n]{0,60}[.!]*"
    r"|(?:let|do\s+let)\s+me\s+know\s+if\s+i\s+can\s+(?:assist|help)\s+you\s+further[.!]*"
    r"|wish(?:ing)?\s+you\s+(?:a\s+)?(?:good|best\s+of)\s+health[.!]*|(?:best|kind|warm)?\s*regards[\s,.!]*)\s*)+$",
    re.IGNORECASE)
_REFUSAL = re.compile(  # "as an AI" alone may be an aromatase inhibitor
    r"\bas\s+an?\s+(?:AI|artificial\s+intelligence)\s+(?:(?:language|chat)\s+)?(?:model|assistant|chatbot)\b"
    r"|\bas\s+a\s+(?:large\s+)?language\s+model\b|\bI(?:'m|\s+am)\s+(?:just\s+|only\s+)?an\s+AI\b"
    r"|\bI(?:'m|\s+am)\s+sorry,?\s+but\s+I\s+(?:can(?:no|')t|am\s+(?:unable|not\s+able)|don't\s+have\s+the\s+ability)\b"
    r"|\bI\s+(?:cannot|can't|am\s+unable\s+to)\s+(?:fulfill?|assist\s+with|help\s+with|comply\s+with|provide)\s+"
    r"(?:that|this|your|such|medical\s+advice)\b", re.IGNORECASE)


def clean(text: str) -> str:
    """The text with mojibake repaired, HTML turned into plain text, and boilerplate, control characters and extra
    white space removed. Idempotent."""
    for _, step in _STEPS:
        text = step(text)
    return text


def repairs(text: str) -> list[str]:
    """What `clean` repairs in this text: mojibake, html, boilerplate, control characters, white space."""
    names = []
    for repair, step in _STEPS:
        after = step(text)
        if after != text and repair not in names:
            names.append(repair)
        text = after
    return names


def dirt(instruction: Instruction, settings: Screen) -> tuple[str, str] | None:
    """Code and reason if a cleaned instruction is unusable, else None.

    Whether it is medical is not checked here.
    """
    question = instruction.question
    words = len(question.split())
    if not any(c.isalpha() for c in question):
        return "junk", f"the question has no letter among its {len(question)} characters; 1 expected at least"
    if words < settings.min_words:
        return "too_short", f"the question has {words} word(s); screen.min_words is {settings.min_words}"
    if words > settings.max_words:
        return "too_long", f"the question has {words} words; screen.max_words is {settings.max_words}"
    return _options(instruction) or _language(question) or _refusal(instruction.reference)


def _options(instruction: Instruction) -> tuple[str, str] | None:
    texts = [" ".join(o.text.lower().split()) for o in instruction.options]
    if empty := [o.letter for o, text in zip(instruction.options, texts, strict=True) if not text]:
        return "empty_option", f"option {empty[0]} of {len(texts)} is empty"
    if len(set(texts)) < len(texts):
        return "repeated_option", f"{len(texts)} options hold {len(set(texts))} different texts; all must differ"
    return None


def _language(question: str) -> tuple[str, str] | None:
    english, why = is_english(question)
    return None if english else ("not_english", why)


def _refusal(reference: str | None) -> tuple[str, str] | None:
    match = _REFUSAL.search(reference or "")
    if not match:
        return None
    return "refusal", f"the reference answer declines at characters {match.start()}–{match.end()}; an answer expected"


def _mojibake(text: str) -> str:
    if text.isascii():
        return text
    return ftfy.fix_text(  # NFC: NFKC would turn 10⁹ into 109; _html decodes entities, as it knows tags
        text, unescape_html=False, uncurl_quotes=False, fix_character_width=False, remove_control_chars=False,
        normalization="NFC",
    )


def _html(text: str) -> str:
    if "<" not in text and "&" not in text:
        return text
    before = None
    while before != text:  # doubly escaped text is common
        before = text
        text = _BLOCK.sub(" ", text)
        text = _RAISED.sub(lambda m: _raise(m[1]), text)
        text = _TAG.sub("", _BREAK.sub("\n", text))
        text = _ENTITY.sub(lambda m: html.unescape(m[0]), text)
    return text


def _raise(exponent: str) -> str:
    """10<sup>9</sup> becomes 10⁹, never 109."""
    raised = exponent.translate(_SUPERSCRIPTS)
    if not any(c.isascii() and c.isalnum() for c in raised):
        return raised
    return f"^({exponent})" if len(exponent) > 1 else f"^{exponent}"


def _boilerplate(text: str) -> str:
    """Remove greetings and signatures of consultation sites, recognised by the site's name."""
    if not re.search(_BRAND, text, re.IGNORECASE):
        return text
    stripped = _GREETING.sub(" ", text)
    while (shorter := _SIGNATURE.sub("", stripped).rstrip()) != stripped.rstrip():
        stripped = shorter
    if stripped != text:
        stripped = _CLOSING.sub("", stripped)
    return stripped if any(c.isalpha() for c in stripped) else text


def _control(text: str) -> str:
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0b", " ").replace("\x0c", "\n"))


def _white_space(text: str) -> str:
    lines = [_SPACES.sub(" ", line).strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("mojibake", _mojibake), ("html", _html), ("control characters", _control), ("boilerplate", _boilerplate),
    ("white space", _white_space),
)
