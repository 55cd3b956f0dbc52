"""Where in a row the reason for its verdict stands, found by the rules that gave the verdict."""

from dataclasses import dataclass

from ultramed.curation import identifiers
from ultramed.curation.dirt import dirt
from ultramed.curation.findings import Place, fields
from ultramed.curation.screen import cleaned
from ultramed.params import Screen
from ultramed.records import Instruction, Verdict


@dataclass(frozen=True)
class Evidence:
    """A stretch of text that speaks for a verdict."""

    kind: str  # of the identifier, or the code of the verdict
    place: Place


def evidence(instruction: Instruction, verdict: Verdict, settings: Screen) -> list[Evidence]:
    """The stretches of text that the verdict on a raw row rests on; none where it rests on the row as a whole.

    Places are in the row as it was given for identifiers that show there, in the cleaned row for everything else.
    """
    tidy, _ = cleaned(instruction)
    if verdict.code.startswith("identifier_"):
        return _identifiers(instruction, settings) or _identifiers(tidy, settings)
    finding = dirt(tidy, settings)
    if finding is None or finding.code != verdict.code:
        return []
    return [Evidence(finding.code, place) for place in finding.places]


def _identifiers(instruction: Instruction, settings: Screen) -> list[Evidence]:
    return [
        Evidence(span.kind, Place(field, span.start, span.end))
        for field, text in fields(instruction)
        for span in identifiers.find(text, settings.identifiers)
    ]
