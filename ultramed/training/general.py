"""Screening of general-domain sets before mixing: rights, length, benchmark leaks, exact duplicates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ultramed.curation.cleaning import special_tokens
from ultramed.curation.decontaminate import Index
from ultramed.curation.dedup import exact_duplicates
from ultramed.params import Params
from ultramed.records import Example, Instruction, Message, Preference, Verdict, drop, keep
from ultramed.rights import most_restrictive
from ultramed.sources.raw import Broken

STAGE = "general"
TEMPLATE_TOKEN = "holds a special token of a chat template; plain text expected"
Row = Example | Preference


@dataclass
class Screened:
    """The rows kept from each set, and one verdict for every row read."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)


def screen(sets: Mapping[str, Iterable[Row | Broken]], index: Index, settings: Params) -> Screened:
    """Screen the sets in their order. A question that an earlier row asks is dropped, even across sets."""
    result, passed = Screened(), []
    for name, rows in sets.items():
        result.rows[name], result.verdicts[name] = [], []
        prefix = settings.general[name].prefix
        for row in rows:
            if isinstance(row, Broken):
                result.verdicts[name].append(refusal(prefix, row))
            elif verdict := held_back(row, index, settings):
                result.verdicts[name].append(verdict)
            else:
                passed.append((name, row))
    _drop_repeated(passed, result)
    return result


def refusal(prefix: str, row: Broken) -> Verdict:
    """The verdict on a raw row that could not be read."""
    return Verdict(id=f"{prefix},{row.key}", stage=STAGE, outcome=row.outcome, code=row.code,
                   reason=f"{row.origin}: {row.reason}")


def held_back(row: Row, index: Index, settings: Params) -> Verdict | None:
    """The verdict that holds a row back; None if it may stay."""
    if most_restrictive(row.rights) == "deny":
        return drop(row.id, STAGE, "rights_denied", f"rights are '{row.rights}'; nothing may be done with the row")
    if (length := characters(row)) > settings.mix.max_characters:
        return drop(row.id, STAGE, "too_long", f"{length} characters; mix.max_characters is "
                                               f"{settings.mix.max_characters}")
    if holds_special_token(row):
        return drop(row.id, STAGE, "special_token", TEMPLATE_TOKEN)
    asked = as_instruction(row)
    leak = index.match(asked) or next(filter(None, map(index.leaks_text, answers(row))), None)
    return drop(row.id, STAGE, "leak", leak.reason) if leak else None


def answers(row: Row) -> list[str]:
    """What a model would learn to say from a row."""
    if isinstance(row, Preference):
        return [row.chosen, row.rejected]
    return [m.content for m in row.messages if m.role == "assistant"] + ([row.thinking] if row.thinking else [])


def characters(row: Row) -> int:
    """Length of the longest text a model reads from a row."""
    turns = sum(len(m.content) for m in row.messages)
    return turns + (max(map(len, answers(row))) if isinstance(row, Preference) else len(row.thinking or ""))


def holds_special_token(row: Row) -> bool:
    """Whether a special token of some chat template stands in one of the row's texts: a tokenizer would obey it."""
    return any(any(special_tokens.find(text)) for text in (*(m.content for m in row.messages), *answers(row)))


def as_instruction(row: Row) -> Instruction:
    """The row's question, in the form curation works with."""
    turns = [Message(m.role, m.content) for m in row.messages if m.role != "assistant"]
    return Instruction(
        id=row.id, source=row.source, category="open", kind="research", synthetic=False, messages=turns, options=[],
        key=None, reference=None, parent=None, round=0, family=row.family, rights=row.rights, as_of=None, origin="")


def _drop_repeated(passed: list[tuple[str, Row]], result: Screened) -> None:
    for kind in (Example, Preference):  # a question may occur in both kinds
        rows = [(name, row) for name, row in passed if isinstance(row, kind)]
        same = exact_duplicates([as_instruction(row) for _, row in rows])
        for name, row in rows:
            if row.id in same:
                verdict = drop(row.id, STAGE, "exact_duplicate", f"the same question as {same[row.id]}")
            else:
                verdict = keep(row.id, STAGE)
                result.rows[name].append(row)
            result.verdicts[name].append(verdict)
