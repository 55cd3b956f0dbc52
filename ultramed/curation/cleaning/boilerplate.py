"""Greetings and signatures of the consultation sites, where the site's name gives them away.

The public sets put the name over other text, too: "a serum LDH (lactic acid dehy ChatDoctor." There the answer is torn,
and nothing is cut, so that `broken_off` can tell.
"""

import re

_NAME = r"(?:chat\s?doctor|health\s?care\s?magic|i\s?cliniq)(?:\.com)?"
_BRAND = re.compile(rf"\b{_NAME}\b", re.IGNORECASE)
_HINTS = ("chat", "magic", "cliniq")  # one of these stands in every lower-cased text with a name
_GREETING = re.compile(  # at the start of a sentence only
    rf"(?:^|(?<=[.!?,] )|(?<=\n))(?:(?:hi|hello|dear|hey)\b[^.!?\n]{{0,40}}?[,.!]?\s*)?"
    rf"\b(?:welcome|thanks?|greetings)\b[^.!?\n]{{0,60}}?\b{_NAME}\b(?:\s+(?:forum|website|team|today))?\s*[.,!]*",
    re.IGNORECASE)
_SIGNATURE = re.compile(
    rf"(?P<sign_off>(?:\b(?:with\s+)?(?:(?:best|kind|warm)\s+)?(?:regards|wishes|sincerely|take\s+care|thanks)"
    rf"\b[\s,.:!-]{{0,9}})?(?:\bdr\.?\s+)?)\b{_NAME}\b[\s.!]*$", re.IGNORECASE)
_CLOSING = re.compile(
    r"\b(?:hope\s+(?:this|i|it)\b[^.!?\n]{0,40}\b(?:answer(?:s|ed)?|help(?:s|ed)?|query|question)\b[^.!?\n]{0,60}"
    r"|(?:let|do\s+let)\s+me\s+know\s+if\s+i\s+can\s+(?:assist|help)\s+you\s+further"
    r"|wish(?:ing)?\s+you\s+(?:a\s+)?(?:good|best\s+of)\s+health|(?:best|kind|warm)?\s?regards)[\s,.!]{0,9}$",
    re.IGNORECASE)
_ENDS_A_SENTENCE = (".", "!", "?", ":", ";", "…", ")", "]", '"', "”", "'", "’", "*", "\n")
_TAIL = 300  # characters at the end that may hold a signature or a closing formula


def without_boilerplate(text: str) -> str:
    """The text without the site's greetings, signatures and closing formulas; unchanged where nothing else is left."""
    if not names(text):
        return text
    stripped = _GREETING.sub(" ", text)
    end = len(stripped)
    while (before := _before_signature(stripped, end)) < end:
        end = before
    if stripped != text or end < len(stripped):
        while (before := _before(_CLOSING, stripped, end)) < end:
            end = before
    stripped = stripped[:end]
    return stripped if any(c.isalpha() for c in stripped) and not stripped.rstrip().endswith(",") else text


def names(text: str) -> list[tuple[int, int]]:
    """Where the text has the name of a consultation site, in characters."""
    lower = text.lower()
    return [m.span() for m in _BRAND.finditer(text)] if any(hint in lower for hint in _HINTS) else []


def _before_signature(text: str, end: int) -> int:
    """Where the signature begins that text[:end] ends with, if a sentence ends before it or it is a formal one."""
    match = _SIGNATURE.search(text, max(0, end - _TAIL), end)
    if not match:
        return end
    before = text[max(0, match.start() - _TAIL) : match.start()].rstrip(" \t")
    signed = match["sign_off"] or not before.strip() or before.endswith(_ENDS_A_SENTENCE)
    return _unspaced(text, match.start()) if signed else end


def _before(ending: re.Pattern[str], text: str, end: int) -> int:
    match = ending.search(text, max(0, end - _TAIL), end)
    return _unspaced(text, match.start()) if match else end


def _unspaced(text: str, end: int) -> int:
    while end and text[end - 1].isspace():
        end -= 1
    return end
