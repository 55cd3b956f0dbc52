"""What of a reply is its answer: no thinking, and no next question that a model runs on to."""

import re

from ultramed import thinking

_NEXT = re.compile(
    r"^[ \t#>*_]*(?:(?:next|new|another)\s+(?:question|case|problem)\b"
    r"|(?:question|problem)[ \t]*(?:no\.?[ \t]*)?\d*[ \t]*[*_]*[:.)]"
    r"|(?:question|problem)[ \t]+\d+\b|Q[ \t]*\d*[ \t]*[:.)]|(?:user|human|instruction|input)[ \t]*:)"
    r"|^[ \t#]*(?:###[ \t]*(?:instruction|question|input|user)\b)"
    r"|<\|(?:im_start|im_end|eot_id|endoftext|end_of_text|user|start_header_id|end)\|>|</s>|<end_of_turn>|\[INST\]"
    r"|[?][ \t*_]*\n\s*[-*(]*A[.):][ \t]",
    re.IGNORECASE | re.MULTILINE,
)
_INK = re.compile(r"[^\n]")


def without_thinking(text: str) -> str:
    """The text with thinking blanked out, every other character in its place."""
    return blanked(text, thinking.spans(text)[0])


def blanked(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with spaces in these spans, which are in order and do not overlap; ends of lines stay."""
    out, done = [], 0
    for start, end in spans:
        out += [text[done:start], _INK.sub(" ", text[start:end])]
        done = end
    return "".join([*out, text[done:]])


def next_question(text: str, after: int) -> int:
    """Where the next question begins behind `after`, or the end of the text."""
    found = _NEXT.search(text, after)
    return found.start() if found else len(text)
