"""Words that stand where an optional input would be, and say that there is none."""

import re

_LONGEST = 80  # characters; nothing longer is a placeholder
_WRAPPING = " \t\r\n<>[]{}()\"'`*|_.:;,#/\\\u00a0\u2013\u2014\u2026-"
_ABBREVIATIONS = {"n/a", "n.a", "N/A", "N.A", "NA", "na", "n\\a", "N\\A"}  # never Na: that is sodium
_WORDS = {"none", "nan", "null", "nil", "empty", "blank", "undefined", "noinput", "nocontext"}
_THING = "(?:inputs?|context)"
_MORE = "(?:(?:further|additional|specific|extra|other|any|required) )?"
_GIVEN = "(?:provided|given|needed|required|necessary|available|supplied|specified|applicable)"
_PHRASES = re.compile("|".join((
    f"(?:there is )?no {_MORE}{_THING}(?: (?:is |was )?{_GIVEN})?",
    f"{_THING} (?:is )?(?:not {_GIVEN}|none|empty|n/a|na|null)",
    f"(?:none|not) {_GIVEN}",
    f"without {_MORE}{_THING}",
    f"(?:this|the) (?:instruction|task|question|prompt) (?:does not|doesn't) (?:need|require) (?:an )?{_MORE}{_THING}",
)))


def is_placeholder(text: str) -> bool:
    """Whether an input says that there is none: `<noinput>`, `No input.`, `N/A`, `nan`, `[none]`, `-` …"""
    if len(text) > _LONGEST:
        return False
    bare = text.strip(_WRAPPING)
    said = " ".join(re.split(r"[\s_:=-]+", bare.lower().replace("\u2019", "'")))
    return not bare or bare in _ABBREVIATIONS or said in _WORDS or bool(_PHRASES.fullmatch(said))
