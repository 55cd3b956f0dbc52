"""Exam answers: the reply type a model is asked for, and reading the chosen letter from free text.

An answer that names no letter, or wavers between two without settling, is unreadable; it never becomes an "A".
"""

import re
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from ultramed.tokens import characters

# what rules out a capital as an option: "B12", "D-dimer"; "C. difficile", "B cells"; "A drug that …"; "B or C"
_NO_OPTION = (
    r"(?![\w'’]|-\w)"
    r"(?![.\s]\s*(?:coli|difficile|pylori|jejuni|cereus|anthracis|fragilis|henselae|pertussis|botulinum|tetani|perfringens|"
    r"diphtheriae|trachomatis|albicans|immitis|burnetii|histolytica|burgdorferi|influenzae|ducreyi|faecalis|faecium|"
    r"baumannii|fumigatus|cells?|lymphocytes?|peptide|dimers?)\b)"
    r"(?!(?<=[AI])[^\S\n]+(?!(?:as|and|because|for|since|which|with|due|based)\b)[a-z0-9])"
    r"(?!\s*(?:,|/|&|and|or)\s*(?:option\s+)?[*(\[]*[A-HJ]\b(?!['’]|\s+(?:is|was)\b))"
)
# "each option: A. …" opens a list and settles nothing, so a colon only counts after "answer"
_CLOSING = re.compile(
    r"(?i:\b(?:the\s+)?(?:(?:correct|best|final|right)\s+)*"
    r"(?:(?:answer|option|choice)[\s*]+(?:is|(?:would|must|should)\s+be)\b|answer(?:\s+choice)?[\s*]*:)"
    r"[\s*:$(\[\"'“‘]*(?:option[\s*(\[]+)?(?:\\(?:boxed|text)\{)*)"
    rf"([A-J]){_NO_OPTION}"
)
_ALONE = re.compile(rf"^\W*([A-J]){_NO_OPTION}(?:\W*|[.):*]+ (?!.*\b[A-H][.):]).+)$")


def chosen_letter(text: str, letters: list[str]) -> str | None:
    """The letter an answer settles on: from its last sentence of the form "the answer is X", or from a text that is
    just one letter or one line "X. text of the option". None if there is no such letter or it belongs to no option."""
    closings = _CLOSING.findall(text)
    letter = closings[-1] if closings else (alone[1] if (alone := _ALONE.match(text.strip())) else None)
    return letter if letter in letters else None


def reasoning(text: str) -> str:
    """The text before the closing sentence "So, the answer is X."; the whole text if there is none."""
    closings = list(_CLOSING.finditer(text))
    if not closings:
        return text.strip()
    last = closings[-1].start()
    start = max(text.rfind("\n", 0, last), text.rfind(". ", 0, last) + 1)
    return text[: max(start, 0)].strip()


@cache
def explained(options: int, max_tokens: int) -> type[BaseModel]:
    """Reply type `{"reasoning": …, "answer": <letter>}` for a number of options, short enough for the token limit."""
    fields: dict[str, Any] = {
        "reasoning": (str, Field(min_length=20, max_length=characters(max_tokens))),
        "answer": (Literal[tuple("ABCDEFGHIJ"[:options])], ...),
    }
    return create_model("Explained", **fields)
