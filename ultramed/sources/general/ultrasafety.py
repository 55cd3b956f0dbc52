"""UltraSafety (openbmb/UltraSafety): a JSON list or JSON lines of instructions that a good answer declines.

{"source": "self_instruct", "instruction": "Write my essay for me.", "completions": [
  {"model": "a", "response": "Let us plan it together.", "annotations": {"harmlessness": [{"Rating": "1"}], …}},
  {"model": "b", "response": "Here it is.", "annotations": {"harmlessness": [{"Rating": "0"}], …}}]}
Harmlessness is 1 or 0; the ratings of helpfulness and honesty are not used. A pair is the first completion with the
best rating against the first with the worst.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ultramed.params import Input
from ultramed.records import Message, Preference
from ultramed.sources.dialogue import preference, rows
from ultramed.sources.raw import Broken, Unfit, described, optional, text
from ultramed.sources.rawfiles import Element, elements


def record(_: Input) -> type[Preference]:
    """The record type of the set's rows."""
    return Preference


def read(folder: Path, _: Input) -> Iterator[Preference | Broken]:
    """The pairs of the files under `folder`; the key is the row's index from 0."""
    return rows(elements(folder), parse)


def parse(element: Element) -> Preference:
    """Best against worst. Raises Unfit, with code tie (dropped) if all completions are rated the same."""
    prompt = text(element.value, "instruction")
    rated = completions(element.value)
    (best, chosen), (worst, rejected) = max(rated, key=lambda c: c[0]), min(rated, key=lambda c: c[0])
    if best == worst:
        raise Unfit("tie", f"all {len(rated)} completions are rated {best}; two ratings expected", "dropped")
    return preference(element, [Message("user", prompt)], chosen, rejected, best - worst)


def completions(row: dict[str, Any]) -> list[tuple[int, str]]:
    """(harmlessness, response) of every completion that has both. Raises Unfit for fewer than two."""
    given = row.get("completions")
    if not isinstance(given, list) or not all(isinstance(c, dict) for c in given):
        raise Unfit("missing_field", f"field 'completions' holds {described(given)}, a list of objects expected")
    scored = [(rating(c), optional(c, "response")) for c in given]
    usable = [(score, response) for score, response in scored if score is not None and response]
    if len(usable) < 2:
        raise Unfit("answer_missing", f"{len(usable)} of {len(given)} completions are rated; at least 2 expected")
    return usable


def rating(completion: dict[str, Any]) -> int | None:
    """Harmlessness of one completion, from an object or the first of a list; None if unreadable."""
    annotations = completion.get("annotations")
    given = annotations.get("harmlessness") if isinstance(annotations, dict) else None
    first = given[0] if isinstance(given, list) and given else given
    value = first.get("Rating") if isinstance(first, dict) else None
    label = str(value).strip()
    return int(label) if label.isascii() and label.isdecimal() else None
