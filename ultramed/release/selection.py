"""The rows and pairs one release carries, with a verdict on every curated row and every selected pair."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from ultramed import artifacts, tables
from ultramed.claims import Claims
from ultramed.errors import GateError, SourceError
from ultramed.params import Params
from ultramed.records import Assignment, Completion, Feedback, Instruction, Pair, Score, Verdict, drop, keep
from ultramed.release.profiles import allowed, withhold

WITH_TEXT = ("open", "research")  # the others carry only ids, hashes and our own annotations


@dataclass
class Selection:
    """The rows a profile releases. Texts stay in the artifacts; this holds ids and small values."""

    params: Params
    profile: str
    classes: frozenset[str]  # allowed by the profile
    splits: dict[str, str]  # instruction id → train | dev | test
    scores: dict[str, float]
    judges: dict[str, str]  # candidate id → judge
    rows: set[str] = field(default_factory=set)  # ids of released instructions
    pairs: list[Pair] = field(default_factory=list)  # released, in the order of data/paired
    judged: set[str] = field(default_factory=set)  # ids of instructions whose candidates may be shown
    authors: set[str] = field(default_factory=set)  # of candidates that may be shown
    verdicts: list[Verdict] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)  # id of every row and pair judged here → its source

    @property
    def with_text(self) -> bool:
        return self.profile in WITH_TEXT

    def instructions(self) -> Iterator[Instruction]:
        """The released instructions, in the order of data/curated."""
        return (i for i in tables.read(artifacts.CURATED, Instruction) if i.id in self.rows)

    def split(self, instruction_id: str) -> str:
        """The split of an instruction. Raises SourceError if it has none."""
        if instruction_id not in self.splits:
            raise SourceError(str(artifacts.SPLIT), f"has no row for {instruction_id}", "run `dvc repro`")
        return self.splits[instruction_id]


def author(candidate_id: str) -> str:
    """Who wrote a candidate: the part of its id after the last `@`."""
    return candidate_id.rsplit("@", 1)[1]


def select(params: Params, profile: str) -> Selection:
    """Decide on every curated row and every selected pair. Raises GateError if a prompt of the test split is also
    in train."""
    selection = Selection(
        params, profile, allowed(params, profile),
        splits={a.id: a.split for a in tables.read(artifacts.SPLIT, Assignment)},
        scores={s.id: s.score for s in tables.read(artifacts.SCORED, Score)},
        judges={f.candidate_id: f.judge for f in tables.read(artifacts.JUDGED, Feedback)},
    )
    prompts = _select_rows(selection, Claims(params))
    _refuse_shared_prompts(selection, prompts)
    return selection


def _select_rows(selection: Selection, rights: Claims) -> dict[str, bytes]:
    """Fill the selection; returns the prompt hash of every instruction."""
    teachers = {c.instruction_id: c.author for c in tables.read(artifacts.COMPLETED, Completion)}
    pairs: dict[str, list[Pair]] = {}
    for pair in tables.read(artifacts.PAIRED, Pair, "selected"):
        pairs.setdefault(pair.instruction_id, []).append(pair)
    judges, judged = {*selection.judges.values()}, {c.rpartition("@")[0] for c in selection.judges}
    selection.authors |= {name for name in selection.params.candidates.authors
                          if rights.model(name).rights in selection.classes}
    prompts = {}
    for row in tables.read(artifacts.CURATED, Instruction):
        prompts[row.id] = prompt_key(row.prompt)
        _decide_row(selection, rights, row, teachers.get(row.id))
        if row.id in judged and rights.judged(rights.source(row), *judges).rights in selection.classes:
            selection.judged.add(row.id)
        for pair in pairs.pop(row.id, []):
            _decide_pair(selection, rights, row, pair)
    if pairs:
        raise SourceError(
            str(artifacts.PAIRED), f"has pairs of {len(pairs)} instruction(s) missing from data/curated, the "
            f"first is {min(pairs)}", "run `dvc repro`",
        )
    return prompts


def _decide_row(selection: Selection, rights: Claims, row: Instruction, teacher: str | None) -> None:
    stage, claim = f"release@{selection.profile}", rights.instruction(rights.source(row), teacher)
    if claim.rights not in selection.classes:
        verdict = withhold(row.id, selection.profile, claim, selection.classes)
    elif selection.with_text and teacher is None:
        verdict = drop(row.id, stage, "not_completed", "no completion was accepted for it")
    else:
        verdict = keep(row.id, stage, "released")
        selection.rows.add(row.id)
    selection.verdicts.append(verdict)
    selection.sources[row.id] = row.source


def _decide_pair(selection: Selection, rights: Claims, row: Instruction, pair: Pair) -> None:
    judge = selection.judges.get(pair.chosen_id, "unknown")
    claim = rights.judged(rights.source(row), author(pair.chosen_id), author(pair.rejected_id), judge)
    if claim.rights in selection.classes:
        selection.pairs.append(pair)
        verdict = keep(pair.id, f"release@{selection.profile}", "released")
    else:
        verdict = withhold(pair.id, selection.profile, claim, selection.classes)
    selection.verdicts.append(verdict)
    selection.sources[pair.id] = row.source


def prompt_key(prompt: str) -> bytes:
    """A hash that is the same for prompts that differ only in case or white space."""
    return hashlib.sha256(" ".join(prompt.casefold().split()).encode()).digest()


def _refuse_shared_prompts(selection: Selection, prompts: dict[str, bytes]) -> None:
    shown = selection.rows | selection.judged if selection.with_text else selection.rows
    used = [(row, selection.split(row)) for row in sorted(shown)]
    used += [(pair.instruction_id, pair.split) for pair in selection.pairs]
    test = {prompts[row] for row, split in used if split == "test"}
    if shared := sorted({row for row, split in used if split == "train" and prompts[row] in test}):
        raise GateError(
            f"release@{selection.profile}", f"{len(shared)} prompt(s) of the test split are also in train, the "
            f"first is {shared[0]}; expected none", "check the verdicts of curate and data/split",
        )
