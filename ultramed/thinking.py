"""Thinking apart from the answer: the marks that reasoning models put around what they think before they reply."""

import re
from typing import NamedTuple

# A mark that opens thinking, and what closes it. Names are matched in any case, with or without attributes.
_TAGS = r"(?:antml:|seed:)?(?:think(?:ing)?|thoughts?|reasoning|analysis|reflection|scratchpad|cot|inner_monologue)"
_OPEN = (
    rf"<\s*{_TAGS}(?:\s[^<>]{{0,80}})?>",
    r"\[(?:THINK|THINKING|REASONING)\]",  # Magistral
    r"◁think▷",  # Kimi-VL
    r"<\|begin_of_thought\|>",  # OpenThinker, Sky-T1
    r"<\|START_THINKING\|>",  # Command A
    r"<unused94>(?:thought)?",  # MedGemma
    r"<\|channel>thought",  # Gemma
    r"(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<>]{0,80}<\|message\|>",  # Harmony, gpt-oss
    r"(?m:^)Here is my thought process:",  # Granite
)
_CLOSE = (
    rf"<\s*/\s*{_TAGS}\s*>",
    r"\[/(?:THINK|THINKING|REASONING)\]",
    r"◁/think▷",
    r"<\|end_of_thought\|>",
    r"<\|END_THINKING\|>",
    r"<unused95>",
    r"<channel\|>",
    r"(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final[^<>]{0,80}<\|message\|>",
    r"(?m:^)Here is my response:",
)
_MARK = re.compile(f"(?P<open>{'|'.join(_OPEN)})|(?P<close>{'|'.join(_CLOSE)})", re.IGNORECASE)
# What some templates put around the answer itself.
_FRAME = re.compile(r"(?i)<\|(?:begin_of_solution|end_of_solution|START_RESPONSE|END_RESPONSE|return|end)\|>")


class Thought(NamedTuple):
    """A text taken apart."""

    thinking: str  # without its marks; "" where there is none
    answer: str  # everything else
    closed: bool = True  # False where thinking does not end: there is no answer


def split(text: str) -> Thought:
    """Take thinking out of a reply: `<think>…</think>` and its like, also where the opening mark is part of the prompt
    and only the closing one is in the reply. An opening mark without a closing one counts at the start of a line; in
    the middle of a sentence it is text about the mark."""
    if not _MARK.search(text):
        return Thought("", text)
    hidden, closed = spans(text)
    edges = [0, *(edge for span in hidden for edge in span), len(text)]
    answer = "".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return Thought(_joined([text[start:end] for start, end in hidden]), _FRAME.sub("", answer).strip(), closed)


def spans(text: str) -> tuple[list[tuple[int, int]], bool]:
    """Where thinking is, its marks included, in order; and whether the last of it ends."""
    marks = list(_MARK.finditer(text))
    hidden: list[tuple[int, int]] = []
    opened: int | None = None
    for n, mark in enumerate(marks):
        if mark["open"] is not None:
            if opened is None and (_is_closed(marks, n) or _begins_line(text, mark.start())):
                opened = mark.start()
        else:  # what nothing opened has been thinking from the beginning
            hidden = [] if opened is None else hidden
            hidden.append((opened or 0, mark.end()))
            opened = None
    return (hidden if opened is None else [*hidden, (opened, len(text))]), opened is None


def without(text: str) -> str:
    """The text without any thinking."""
    return split(text).answer


def _is_closed(marks: list[re.Match[str]], n: int) -> bool:
    return n + 1 < len(marks) and marks[n + 1]["close"] is not None


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _joined(parts: list[str]) -> str:
    return "\n\n".join(part for p in parts if (part := _MARK.sub("", p).strip()))
