"""Any plain file, by the columns named in params: JSON, JSON lines, Parquet, CSV, TSV.

{id: prompt_id, turns: messages}                                    a dialogue, up to its last answer
{system: system_prompt, question: question, answer: response}       a dialogue of one question
{turns: trajectory, role: from, content: value, chosen: chosen, rejected: rejected}    two answers to the same turns
{chosen: chosen, rejected: rejected, chosen_score: score_chosen, rejected_score: score_rejected}   two whole dialogues

The margin of scored pairs is the rounded difference (halves to the even number).
"""

from collections.abc import Iterator
from functools import partial
from math import isfinite
from pathlib import Path

from ultramed.params import GeneralColumns, GeneralSet
from ultramed.records import Example, Message, Preference
from ultramed.sources.columns import dialogue, elements, single
from ultramed.sources.dialogue import answered, asked, example, preference, rows
from ultramed.sources.raw import Broken, Unfit, described, text
from ultramed.sources.rawfiles import Element


def record(own: GeneralSet) -> type[Example] | type[Preference]:
    """The record type of the set's rows."""
    return Preference if own.columns and own.columns.chosen else Example


def read(folder: Path, own: GeneralSet) -> Iterator[Example | Preference | Broken]:
    """The rows of the files under `folder`; the key is the id, or the row's index from 0. Raises SourceError for a
    column that no row has."""
    assert own.columns is not None  # params reject the format without them
    return rows(elements(folder, own.columns), partial(parse, own.columns))


def parse(columns: GeneralColumns, element: Element) -> Example | Preference:
    """One dialogue or pair. Raises Unfit, with code prompts_differ if two dialogues differ before their last turn,
    scores_reversed if the rejected answer has the higher score."""
    cells = element.value
    if not (columns.chosen and columns.rejected):
        messages = answered(dialogue(cells, columns, columns.turns)) if columns.turns else [
            *single(cells, columns), Message("assistant", text(cells, str(columns.answer)))]
        return example(element, messages)
    if columns.turns or columns.question:
        messages = asked(dialogue(cells, columns, columns.turns)) if columns.turns else single(cells, columns)
        return preference(element, messages, text(cells, columns.chosen), text(cells, columns.rejected),
                          margin(element, columns))
    chosen, rejected = (answered(dialogue(cells, columns, name)) for name in (columns.chosen, columns.rejected))
    if chosen[:-1] != rejected[:-1]:
        raise Unfit("prompts_differ", f"chosen ({len(chosen)} turns) and rejected ({len(rejected)} turns) differ "
                    "before their last turn; one prompt expected")
    return preference(element, chosen[:-1], chosen[-1].content, rejected[-1].content, margin(element, columns))


def margin(element: Element, columns: GeneralColumns) -> int | None:
    """Rounded difference of the scores; None if one is missing. Raises Unfit if the rejected one is higher."""
    better, worse = (_score(element, name) for name in (columns.chosen_score, columns.rejected_score))
    if better is None or worse is None:
        return None
    if better < worse:
        raise Unfit("scores_reversed", f"chosen has {better:g}, rejected {worse:g}; the chosen one's must be higher")
    return round(better - worse)


def _score(element: Element, name: str | None) -> float | None:
    value = element.value.get(name) if name else None
    if not element.typed:
        value = _number(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise Unfit("missing_field", f"field '{name}' holds {described(value)}, a finite number expected")
    return float(value)


def _number(cell: str | None) -> float | str | None:
    """The number in a CSV cell; other text as it is."""
    try:
        return float(cell) if cell and cell.strip() else None
    except ValueError:
        return cell
