"""The verdict on rows that no cleaning saves. Pure functions; no model is asked."""

import re

from ultramed.curation.cleaning import special_tokens
from ultramed.curation.dirt.broken_off import broken_off
from ultramed.curation.dirt.language import is_english
from ultramed.curation.findings import Finding, Place, fields
from ultramed.params import Screen
from ultramed.records import Instruction

_REFUSAL = re.compile(  # "as an AI" alone may be an aromatase inhibitor
    r"\bas\s+an?\s+(?:AI|artificial\s+intelligence)\s+(?:(?:language|chat)\s+)?(?:model|assistant|chatbot)\b"
    r"|\bas\s+a\s+(?:large\s+)?language\s+model\b|\bI(?:'m|\s+am)\s+(?:just\s+|only\s+)?an\s+AI\b"
    r"|\bI(?:'m|\s+am)\s+sorry,?\s+but\s+I\s+(?:can(?:no|')t|am\s+(?:unable|not\s+able)|don't\s+have\s+the\s+ability)\b"
    r"|\bI\s+(?:cannot|can't|am\s+unable\s+to)\s+(?:fulfill?|assist\s+with|help\s+with|comply\s+with|provide)\s+"
    r"(?:that|this|your|such|medical\s+advice)\b", re.IGNORECASE)
_REFERENCE = "reference answer"


def dirt(instruction: Instruction, settings: Screen) -> Finding | None:
    """Why a cleaned instruction is of no use; None for a usable one.

    Whether it is medical is not judged here.
    """
    question, reference = instruction.question, instruction.reference or ""
    return (_special_tokens(instruction) or _length(question, settings) or _options(instruction)
            or _language(question) or _refusal(reference) or _broken_off(reference))


def _length(question: str, settings: Screen) -> Finding | None:
    words = len(question.split())
    if not any(c.isalpha() for c in question):
        return Finding("junk", f"the question has no letter among its {len(question)} characters; 1 expected at least")
    if words < settings.min_words:
        return Finding("too_short", f"the question has {words} word(s); screen.min_words is {settings.min_words}")
    if words > settings.max_words:
        return Finding("too_long", f"the question has {words} words; screen.max_words is {settings.max_words}")
    return None


def _special_tokens(instruction: Instruction) -> Finding | None:
    places = tuple(Place(field, *span) for field, text in fields(instruction) for span in special_tokens.find(text))
    if not places:
        return None
    reason = f"{len(places)} special token(s) of a chat template, the first at {places[0]}; plain text expected"
    return Finding("special_token", reason, places)


def _options(instruction: Instruction) -> Finding | None:
    texts = [" ".join(o.text.lower().split()) for o in instruction.options]
    if empty := [o.letter for o, text in zip(instruction.options, texts, strict=True) if not text]:
        return Finding("empty_option", f"option {empty[0]} of {len(texts)} is empty")
    if len(set(texts)) < len(texts):
        reason = f"{len(texts)} options hold {len(set(texts))} different texts; all must differ"
        return Finding("repeated_option", reason)
    return None


def _language(question: str) -> Finding | None:
    english, why = is_english(question)
    return None if english else Finding("not_english", why)


def _refusal(reference: str) -> Finding | None:
    match = _REFUSAL.search(reference)
    if not match:
        return None
    place = Place(_REFERENCE, *match.span())
    reason = f"the reference answer declines at characters {place.start}–{place.end}; an answer expected"
    return Finding("refusal", reason, (place,))


def _broken_off(reference: str) -> Finding | None:
    if not (span := broken_off(reference)):
        return None
    place = Place(_REFERENCE, *span)
    return Finding("broken_off", f"the answer breaks off at {place}; a whole one expected", (place,))
