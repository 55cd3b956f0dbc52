"""Whether a reply declines to answer. Regret alone is none: empathy is common in medicine."""

import re

_REFUSAL = re.compile(
    r"^\W*(?:i['’]?m (?:sorry|unable)|i am (?:sorry|unable)|sorry,|i can(?:['’]?t|not) (?:assist|help|provide|answer)"
    r"|as an ai\b)",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    """Whether the text declines."""
    return bool(_REFUSAL.match(text))
