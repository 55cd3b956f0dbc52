"""What surrounds a statement: whether the sentence holds it true, or supposes, denies, asks or reports it."""

import re

from ultramed.exam.wording import either

REACH = 400  # characters of a sentence looked at on either side
NEAR = 120  # characters before a statement in which it is denied or reported
_SENTENCE = re.compile(r"[.!?]+[\"'”’)\]*_]*\s+(?=[\"'“(\[*_#\\]*[A-Z0-9])|\n[ \t]*(?=[^a-z\s])|\n\s*\n")
_SENTENCE_END = re.compile(r"[.!;](?=\W|$)|\n|\?")
_TURN = re.compile(
    rf"(?<!\bif )\b(?:{either('so therefore thus hence but consequently accordingly nevertheless yet still')})\b,?|;",
    re.IGNORECASE,
)
# "if I had to choose", "if we look at": nothing is supposed
_NO_SUPPOSITION = (
    rf"(?:(?:I|we)\s+(?:{either('had have were must am are')})\s+(?:forced\s+)?(?:to\s+)?"
    rf"(?:{either('choose pick guess answer select decide commit')})|forced\s+to|only\s+one|any(?:thing)?\b|(?:I|we)\s+"
    rf"(?:{either('look consider compare think go weigh rule exclude follow apply use review analyse analyze')}))"
)
_IF = rf"\bif\b(?<!even if)(?<!as if)(?<!see if)(?!\s+{_NO_SUPPOSITION})"
_SUPPOSES = re.compile(
    rf"(?:{_IF}|\b(?:unless|whether|otherwise|suppos\w+|assuming|imagine|provided\s+that|in\s+case"
    rf"|(?:were|had)\s+(?:{either('it this he she the they these that there')})\b))",
    re.IGNORECASE,
)
_CONDITION = re.compile(rf"{_IF}|\b(?:unless|(?:had|were)\s+(?:it|the|he|she|this)\b)")
_HERE = either(
    "this these the our his her their such summary conclusion short order light view general addition all most",
    "mind brief fact that which respect regard my",
)
_ELSEWHERE = re.compile(
    rf"^\W*(?:(?:in|for|with|without)\s+(?!(?:{_HERE})\b)\w|instead\b|then\b)", re.IGNORECASE
)
_BEFORE = re.compile(r"^\W*(?:suppose|imagine|assume|what\s+if|consider\s+a|say\s+the)\b", re.IGNORECASE)
# a denial reaches over a few words, not over a word that begins a conclusion: "it is not C, so the answer is B"
_DENIES = re.compile(
    rf"(?:\b(?:{either('not never cannot hardly wrong incorrect mistaken mistake false untrue unlikely neither nor')}"
    r"|doubt\w*|eliminat\w+|exclud\w+|reject\w*|discard\w*|dismiss\w*|rul\w+\s+out)\b|n['’]t)\s+"
    rf"(?:(?!(?:{either('so thus hence therefore but and because since as then which making leaving while')})\b)"
    r"[\w'’]+\s+){0,7}$",
    re.IGNORECASE,
)
_PEOPLE = either(
    "some many most one you student students people someone other others they examinees candidates residents patients",
    "the_user he she",
)
_SAY = either(
    "think thinks say says said argue argues believe believes choose chooses chose pick picks answer answers assume",
    "assumes expect expects conclude suspect guess claim claims suggested suggest suggests wrote select",
)
_REPORTS = re.compile(
    rf"\b(?:(?:{_PEOPLE})\s+(?:\w+\s+){{0,3}}?(?:{_SAY})|tempt\w+|at\s+first|initial(?:ly)?|previous(?:ly)?|earlier"
    rf"|first\s+(?:{either('glance thought guess impression instinct answer choice')})|before\s+I"
    rf"|I\s+(?:{either('thought said wrote assumed guessed believed')})|wrongly|incorrectly|mistakenly|falsely"
    rf"|(?:{either('said says claims claimed stated states suggested wrote')})\s+(?:that\s+)?(?=$)"
    rf"|the\s+other\s+(?:{either('model student doctor response')}))(?:\b|(?<=\s))",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"(?:\W{0,6}(?:is|was|would\s+be)\s+(?:(?:also|clearly|definitely)\s+)?"
    r"(?:not|n't|in(?:correct|appropriate)|wrong|false|unlikely)\b"
    r"|\s*,?\s*(?:which|but\s+(?:that|this|it))\s+(?:is|would\s+be|was)\s+(?:not|wrong|incorrect|false)\b"
    r"|\W{0,6}(?:wrong|incorrect|false)\b)",
    re.IGNORECASE,
)


def sentence_start(text: str, place: int) -> int:
    """Where the sentence around `place` begins; a wrapped line goes on, "E. coli" and "p. 5" end none."""
    low = max(0, place - REACH)
    starts = [match.end() for match in _SENTENCE.finditer(text, low, place)]
    return starts[-1] if starts else low


def sentence_end(text: str, place: int) -> int:
    """Where the sentence around `place` ends, its mark included."""
    found = _SENTENCE_END.search(text, place, min(len(text), place + REACH))
    return found.end() if found else min(len(text), place + REACH)


def held(text: str, start: int, end: int, supposed: bool = False) -> bool:
    """Whether the sentence holds a statement from `start` to `end` true. `supposed`: it is in the conditional ("would
    be"), so that a patient of another kind ("in a neonate") makes it a supposition, too."""
    begin, stop = sentence_start(text, start), sentence_end(text, end)
    lead, tail = text[begin:start], text[end:stop]
    clause = lead[max((match.end() for match in _TURN.finditer(lead)), default=0) :]
    ended = text[end - 1] == "."  # what follows "B." may be its text or the next sentence
    if _DENIED.match(tail) or (not ended and tail.rstrip("\"'”’)*_ ").endswith("?")):
        return False
    if _CONDITION.search(tail) and (supposed or not ended):
        return False
    near = clause[-NEAR:]
    if _DENIES.search(near) or _REPORTS.search(near) or _SUPPOSES.search(lead if supposed else clause):
        return False
    if supposed and of_another_case(text, start, end):
        return False
    before = text[sentence_start(text, max(0, begin - 2)) : begin]
    return not _BEFORE.match(before) or bool(_TURN.search(lead))


def of_another_case(text: str, start: int, end: int) -> bool:
    """Whether the sentence begins or ends with a case of its own: "in a neonate", "for right-sided pain"."""
    lead, tail = text[sentence_start(text, start) : start], text[end : sentence_end(text, end)]
    return bool(_ELSEWHERE.match(lead) or (text[end - 1] != "." and _ELSEWHERE.match(tail)))
