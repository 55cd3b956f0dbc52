"""Alternatives in a pattern, written as words."""


def either(*words: str) -> str:
    """`a|b|c` of words with spaces in between; `_` in a word is white space."""
    return "|".join(" ".join(words).split()).replace("_", r"\s++")
