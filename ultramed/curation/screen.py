"""The screen before any model call: rights, identifiers, dirt, leaks, duplicates, in this order.

It costs nothing, and the rows it holds back never leave the machine.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ultramed.claims import remote_models_configured
from ultramed.curation import identifiers
from ultramed.curation.cleaning import repaired
from ultramed.curation.decontaminate import Index
from ultramed.curation.dedup import drop_duplicates
from ultramed.curation.dirt import dirt
from ultramed.errors import SourceError
from ultramed.params import Params
from ultramed.progress import Progress
from ultramed.records import BenchmarkItem, Instruction, Message, Option, Verdict, drop, keep, quarantine
from ultramed.rights import may_leave, most_restrictive

STAGE = "screen"


@dataclass(frozen=True)
class ScreenResult:
    """The rows that a curation step kept, in input order, and one verdict for every input row."""

    rows: list[Instruction]
    verdicts: list[Verdict]


def screen(
    instructions: Iterable[Instruction], items: Iterable[BenchmarkItem], settings: Params, remote: bool | None = None
) -> ScreenResult:
    """Screen all rows against each other and against the benchmarks. `remote`: whether a model on another machine is
    called; None: as in params.

    Raises SourceError if an id occurs twice: its verdict would be ambiguous.
    """
    index = Index.from_items(items, settings.decontaminate)
    remote = remote_models_configured(settings) if remote is None else remote
    verdicts: dict[str, Verdict] = {}
    passed: list[Instruction] = []
    with Progress(STAGE) as progress:
        for instruction in instructions:
            refuse_repeated(instruction.id, verdicts)
            cleaned, verdict = _judge(instruction, index, remote, settings)
            verdicts[instruction.id] = verdict
            if verdict.keep:
                passed.append(cleaned)
            progress.step()
    return without_duplicates(passed, verdicts, STAGE, settings)


def without_duplicates(
    passed: list[Instruction], verdicts: dict[str, Verdict], stage: str, settings: Params
) -> ScreenResult:
    """The result after removing exact and near-duplicates from `passed` and replacing their verdicts."""
    kept, dropped = drop_duplicates(passed, stage, settings)
    verdicts |= {v.id: v for v in dropped}
    stays = {i.id for i in kept}
    return ScreenResult([i for i in passed if i.id in stays], list(verdicts.values()))


def refuse_repeated(row_id: str, seen: dict[str, Verdict]) -> None:
    """Raise SourceError if a row with this id has been seen."""
    if row_id in seen:
        raise SourceError(row_id, "is the id of 2 rows; 1 expected", "give each source its own prefix")


def cleaned(instruction: Instruction) -> tuple[Instruction, list[str]]:
    """The instruction with all its texts cleaned, and the names of the repairs made."""
    names: set[str] = set()

    def tidy(text: str) -> str:
        text, repairs = repaired(text)
        names.update(repairs)
        return text

    result = replace(
        instruction,
        messages=[Message(m.role, tidy(m.content)) for m in instruction.messages],
        options=[Option(o.letter, tidy(o.text)) for o in instruction.options],
        reference=tidy(instruction.reference) or None if instruction.reference else None,
    )
    return (result, sorted(names)) if names else (instruction, [])


def _judge(
    instruction: Instruction, index: Index, remote: bool, settings: Params
) -> tuple[Instruction, Verdict]:
    """The cleaned row, and the verdict on it alone."""
    row_id, kinds = instruction.id, list(settings.screen.identifiers)
    if finding := screen_rights(instruction, remote):
        return instruction, drop(row_id, STAGE, *finding)
    if finding := identifiers.identifier(instruction, kinds):
        return instruction, quarantine(row_id, STAGE, *finding)
    tidy, repaired = cleaned(instruction)
    if repaired and (finding := identifiers.identifier(tidy, kinds)):
        return tidy, quarantine(row_id, STAGE, finding[0], f"{finding[1]}, once cleaned")
    if unusable := dirt(tidy, settings.screen):
        return tidy, drop(row_id, STAGE, unusable.code, unusable.reason)
    if leak := index.match(tidy):
        return tidy, drop(row_id, STAGE, "leak", leak.reason)
    return tidy, keep(row_id, STAGE, "cleaned", f"repaired: {', '.join(repaired)}") if repaired else keep(row_id, STAGE)


def screen_rights(instruction: Instruction, remote: bool) -> tuple[str, str] | None:
    """Code and reason if a row may not proceed, else None. `remote`: whether a configured model is remote."""
    rights = most_restrictive(instruction.rights)
    if rights == "deny":
        return "rights_denied", f"rights are '{instruction.rights}'; nothing may be done with the row"
    if remote and not may_leave(rights):
        return "rights_local_only", f"rights are '{rights}', for local models only; a remote model is configured"
    return None
