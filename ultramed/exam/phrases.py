"""How answers are worded: the phrases behind which an option is named, and those that say something of one.

Runs are bounded and possessive, so that a hostile text takes no longer than an ordinary one of its length.
"""

import re

from ultramed.exam.wording import either

_PRAISED = either(
    r"correct right best final true most_\w++ likeliest appropriate proper suitable accurate preferred intended chosen"
    r" selected overall optimal ideal likely probable safest only"
)
_ONE_GOOD = rf"(?:(?:(?:single|only|one)\s++)?(?:{_PRAISED})\b(?!-)[\s,/*]*+_*+(?:(?:and|or)\s++)?)"
_GOOD, _ANY_GOOD = _ONE_GOOD + "{1,4}+", _ONE_GOOD + "{0,4}+"
_ANSWER = r"(?:answer|ans)(?:[\s_]++(?:choice|option|letter))?"
_CHOICE = r"(?:option|choice|response|selection|pick|alternative|letter|one|decision)"
_GAP = r"[\s*_]{0,20}+"
_BRACKETS = r"(?:\s*+\([^()\n]{0,40}\))?"
_ASIDE = (
    rf"{_BRACKETS}(?:\s*+,[^,.\n]{{1,60}},)?"
    rf"(?:\s++(?:{either('to for of among amongst from in here given based according on that which I we would')})\b"
    r"[^.?!\n:]{0,120}?)??"
)
_BE = either(r"is must_be should_be has_to_be remains will_be appears_to_be seems_to_be")
_IS = rf"{_GAP}\b(?:(?:{_BE})\b|(?P<would>would\s++(?:\w++\s++)?be\b))"
_ADVERB = either(
    r"therefore thus hence most_likely most_probably most_certainly likely probably certainly clearly definitely indeed"
    r" simply obviously undoubtedly best actually still just now also rather in_fact of_course as_follows given_by"
    r" represented_by described_by to_be"
)
_ADVERBS = rf"(?:[\s*_,]{{1,20}}+(?:{_ADVERB}|not\s++\W?[A-Z]\W{{0,2}}\s*but)\b){{0,4}}+,?"
_LINE = r"^[ \t*_#>-]*+(?:(?:so|thus|hence|therefore),?\s++)?(?:(?:the|my|our)\s++)?"
_HEADS = (
    rf"\b{_ANY_GOOD}{_ANSWER}\b(?P<aside>{_ASIDE}){_IS}{_ADVERBS}",
    rf"\b(?:{_GOOD}|the\s++|my\s++|our\s++){_CHOICE}\b(?P<aside2>{_ASIDE}){_IS.replace('would>', 'would2>')}{_ADVERBS}",
    rf"\b(?:{_ANY_GOOD}{_ANSWER}|{_GOOD}{_CHOICE}|answer\s++key)\b{_BRACKETS}{_GAP}\"?(?:[:：=→]|[-–—]+[>\s])",
    rf"{_LINE}(?:{either('key solution conclusion choice selection verdict prediction correct selected final')}"
    rf"|chosen|response){_GAP}[:：]",
    rf"{_LINE}{_ANY_GOOD}(?:{_ANSWER}|{_CHOICE})[ \t*_]*+\n",
    rf"{_LINE}{_ANY_GOOD}answer[ \t*_]++(?=[*_(\[\"']*+[A-Z][*_)\]\"'.]*+[ \t]*+$)",
    rf"\b{_GOOD}(?:{_ANSWER}|{_CHOICE}){_GAP},",
    rf"{_LINE}(?:choose|select|pick|mark|go\s++with)\b",
)
_BOTH = re.IGNORECASE | re.MULTILINE

# "The correct answer is", "Answer:", "### Final answer", "Choose"; each ends where the option is named
HEAD = re.compile("|".join(f"(?:{head})" for head in _HEADS), _BOTH)
HEAD_WORDS = (
    "answer", "option", "choice", "select", "choose", "pick", "alternative", "letter", "decision", "respon", "correct",
    "best", "final", "ans:", "ans.",
    "key", "solution", "conclusion", "verdict", "prediction", "chosen", "mark", "go with",
    " one ",
)
# "I would choose"
CHOOSES = re.compile(
    r"\b(?:I|we)(?:['’](?:d|ll|m|ve)|\s++(?:would|will|should|must|can|do|am|are|have))?"
    r"(?:\s++(?:to|therefore|thus|also|going|confidently|hence|finally|still)){0,3}\s++"
    rf"(?:{either('choose chose chosen pick select selected go_with going_with opt_for answer conclude')}"
    rf"|{either('settle_on say vote_for')})\b(?:\s++(?:that|with|on|for|it(?:['’]s|\s++is)))?",
    re.IGNORECASE,
)
# "The most likely diagnosis is": only before an option that is marked as one, for "the commonest type is B"
KIND = re.compile(
    rf"\b{_GOOD}[\w-]{{1,30}}+(?:\s++[\w-]{{1,30}}+){{0,4}}?(?:\s++(?:for|in|of|to)\b[^.?!\n:]{{0,80}}?)?{_IS}{_ADVERBS}",
    re.IGNORECASE,
)
CERTAIN = re.compile(r"(?:correct|right)\b", re.IGNORECASE)  # a kind that needs no mark: "the correct diagnosis is B."
# a box, a tag, brackets, the mark before a final answer
FORMS = re.compile(
    r"\\(?:boxed|fbox)\s*+\{"
    rf"|<(?:final[_ ]?)?(?:{either('answer choice ans option result response solution output letter')})>"
    r"|\[ANSWER\]|\[\[|^[ \t]*+####\s",
    _BOTH,
)
# "is the correct answer", "is correct", "best explains"; its subject comes before it
PREDICATE = re.compile(
    rf"\b(?:(?:{either('is must_be has_to_be remains represents being as seems appears')}|(?P<would>would\s++be))"
    rf"{_ADVERBS}\s++"
    rf"(?:(?:the|our|my)\s++)?[*_]*+(?:{_GOOD}(?:{_ANSWER}|{_CHOICE}|diagnosis)\b|answer\b"
    r"|(?P<bare>(?:correct|right|best|most\s++(?:likely|appropriate|accurate))"
    r"(?=[*_]*+\s*+(?:$|[.,:;!)\n]|(?:because|since|as|here|given)\b))))"
    rf"|the\s++{_GOOD}(?:{_ANSWER}|{_CHOICE})\b"
    r"|(?:best|most\s++likely)\s++"
    rf"(?:{either('explains fits matches describes accounts represents answers suits aligns')})\b)",
    _BOTH,
)
PRAISE_WORDS = (
    "correct", "best", "most", "right", "answer", "likel", "appropriate", "option", "choice", "only", "ideal",
    "optimal",
)
# where the subject of a predicate may begin within its sentence
SUBJECT = re.compile(
    rf"(?:\b(?:{either('so therefore thus hence that because since and but only then while conclude means making')}"
    r"|makes|leaving|leaves|clearly|select(?:ing)?|choos(?:e|ing))\b|[,:;–—])[\s,]{1,9}",
    re.IGNORECASE,
)
BESIDE = re.compile(r"[(\[](?:(?:option|choice)\s)?[A-Z][)\]]\s?$", re.IGNORECASE)  # "Femur (A) is the best answer"
VERBS = re.compile(
    rf"\b(?:{either('is are was were not never neither nor would could may might if or and than over versus but has')}"
    r"|have|can|cannot)\b|n['’]t\b",
    re.IGNORECASE,
)
# another's answer, or one that is none: "the wrong answer is", "your choice is"; before HEAD and KIND
OTHER = re.compile(
    rf"(?:{either('wrong incorrect other second another alternative tempting worst poor bad false previous first')}"
    rf"|{either('initial your his her their not no least common possible plausible potential which what distractor')}"
    rf"|{either('popular possibly example sample any each every either neither')}"
    r"|(?:student|user|patient)['’]?s?|n['’]t)[\s*_-]{1,9}(?:\w+[\s*_-]{1,9})?$",
    re.IGNORECASE,
)
NEXT_BEST = re.compile(r"\bnext[\s*_-]{1,9}$", re.IGNORECASE)  # "the next best choice", but also "the next best step"
WOULD = re.compile(r"\bwould\b|['’]d\b", re.IGNORECASE)
BAD = re.compile(r"\b(?:not|least|wrong|incorrect|false|except|worst|never|cannot)\b|n['’]t\b", re.IGNORECASE)
