"""HTML to plain text, and what a bad conversion of Markdown leaves behind.

A tag that is taken out must not glue words: "<td>Na</td><td>140</td>" is no "Na140". Nor may it part one word:
"H<sub>2</sub>O" is H2O, "<u>hypo</u>kalemia" is hypokalemia.
"""

import html
import re

from ultramed.curation.vocabulary import AFFIXES

_ATTRIBUTES = (  # a bare word is none: "p <b and c> d" is mathematics
    r"""(?:\s+(?:[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+)|(?:nowrap|noshade|checked|selected|disabled)\b))*\s*/?>""")
_BREAK = re.compile(
    r"(?<!<)</?(?:br|p|div|li|ul|ol|dl|dt|dd|tr|h[1-6]|hr|table|thead|tbody|tfoot|caption|section|article|header|footer|nav"
    r"|main|aside|blockquote|pre|center|html|head|body|meta|form|figure|figcaption|option|select)\b"
    rf"{_ATTRIBUTES}", re.IGNORECASE)
_CELL = re.compile(
    rf"(?<!<)</?(?:td|th|img|input|button|label|iframe|video|audio|source|svg|path|col|colgroup)\b{_ATTRIBUTES}",
    re.IGNORECASE)
_INLINE = re.compile(  # one or more in a row; known tags only
    rf"(?:(?<!<)</?(?:a|b|i|u|em|strong|span|font|small|big|code|mark|del|ins|strike|cite|abbr|tt|nobr|o:p)\b{_ATTRIBUTES})+",
    re.IGNORECASE)
_LOWERED = re.compile(rf"</?sub\b{_ATTRIBUTES}", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style)\b[^<>]*>|<!--", re.IGNORECASE)
_RAISED = re.compile(r"<sup>\s{0,4}([^<>\s][^<>]{0,39})</sup>", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("0123456789+-−=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿ")
_ESCAPED = re.compile(r"&(?:amp;)+")  # "&amp;amp;lt;" was escaped again and again
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_UNCLOSED = re.compile(r"&nbsp|&(?:lt|gt|quot|apos|amp|deg|plusmn|micro)(?![A-Za-z;=])|&#(?:39|160)(?!\d)")
_BEHEADED = re.compile(r"((?<!&)nbsp|(?<![&\w;])(?:quot|apos|[nm]dash|[lr][sd]quo|(?:amp|lt|gt)(?=;\S)));")
_NAMES = ("nbsp;", "quot;", "apos;", "dash;", "quo;", "amp;", "lt;", "gt;")
_LETTERS_BEFORE, _LETTERS_AFTER = re.compile(r"[^\W\d_]{1,12}$"), re.compile(r"[^\W\d_]+")

_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\((?:https?://|www\.|mailto:|#|/)[^()\s]{0,500}(?:\s\"[^\"\n]{0,200}\")?\)")
_ESCAPE = re.compile(r"\\([*_#>~`])")
_BOLD = re.compile(r"(?<!\*)\*\*(?!\*)")
_LONE = re.compile(r"(?<![\w*])\*\*(?=[^\W\d_])|(?<=[^\W\d_])\*\*(?![\w*])|(?<=[.:!?)])\*\*(?![\w*])")
_CODE = "```"


def without_html(text: str) -> str:
    """Plain text: tags and entities resolved, raised digits kept as ⁹ or ^(…)."""
    if any(name in text for name in _NAMES):
        text = _BEHEADED.sub(r"&\1;", text)
    if "<" not in text and "&" not in text:
        return text
    for _ in range(3):  # what was escaped twice shows its tags once unescaped
        before = text
        text = _without_tags(text)
        text = _ENTITY.sub(lambda m: html.unescape(m[0]), _ESCAPED.sub("&", text))
        text = _UNCLOSED.sub(lambda m: html.unescape(f"{m[0]};"), text)
        if text == before:
            break
    return text


def without_markdown_leftovers(text: str) -> str:
    """The text with links as their words, escaped marks as the marks, and without a "**" that opens or closes nothing.

    Markdown that is whole stays, for strong models write it; so does any text with a block of code.
    """
    if _CODE in text:
        return text
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    return "\n".join(map(_balanced, text.split("\n"))) if "**" in text else text


def _without_tags(text: str) -> str:
    if "<" not in text:
        return text
    text = _without_hidden(text)
    text = _RAISED.sub(lambda m: _raised(m[1].strip()), text)
    text = _LOWERED.sub("", _CELL.sub(" ", _BREAK.sub("\n", text)))
    return _INLINE.sub(lambda m: " " if _glues(text, *m.span()) else "", text)


def _glues(text: str, start: int, end: int) -> bool:
    """Whether taking out text[start:end] would make one word of two."""
    before, after = _LETTERS_BEFORE.search(text[max(0, start - 12) : start]), _LETTERS_AFTER.match(text[end : end + 12])
    if not before or not after:
        return False
    return min(len(before[0]), len(after[0])) > 1 and before[0].lower() not in AFFIXES


def _without_hidden(text: str) -> str:
    """The text without scripts, styles and comments. One that is never closed stays."""
    parts, at = [], 0
    lower, unclosed = text.lower(), set[str]()
    for match in _HIDDEN.finditer(text):
        name = (match[1] or "--").lower()
        closing = "-->" if name == "--" else f"</{name}"
        if match.start() < at or name in unclosed:
            continue
        if (end := lower.find(closing, match.end())) < 0:
            unclosed.add(name)
        elif (end := lower.find(">", end)) >= 0:
            parts += [text[at : match.start()], " "]
            at = end + 1
    return "".join([*parts, text[at:]])


def _raised(exponent: str) -> str:
    """10<sup>9</sup> is 10⁹ and must not become 109."""
    raised = exponent.translate(_SUPERSCRIPTS)
    if not any(c.isascii() and c.isalnum() for c in raised):
        return raised
    return f"^({exponent})" if len(exponent) > 1 else f"^{exponent}"


def _balanced(line: str) -> str:
    """The line without its "**" where there is one that no other one closes; x**2 is a power, `**` is code."""
    if "`" in line:
        return line
    marks = _LONE.findall(line)
    return _LONE.sub("", line) if len(marks) == 1 == len(_BOLD.findall(line)) else line
