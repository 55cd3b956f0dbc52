"""The artifacts of the graph, each declared once; gates, drift, lineage, figures and reports use the declaration."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from ultramed import synthetic, tables
from ultramed.params import Params
from ultramed.records import (
    Assignment,
    Comparison,
    Completion,
    Draft,
    Example,
    Feedback,
    Instruction,
    Pair,
    Prediction,
    Preference,
    Record,
    Sample,
    Score,
    Use,
    Verdict,
)

R = TypeVar("R", bound=Record)
Parts = Callable[[Params], Iterable[str]]

RAW = Path("data/raw")
BENCHMARKS = RAW / "benchmarks"
GENERAL_SETS = RAW / "general"
MODELS = Path("models/transformers")  # the base and every model trained from it
RECORD = "training.json"  # in a trained model's folder: what it was trained on, and how
IDENTITIES = Path("models/identity")  # each model's identity in the ledger
PANELS = Path("models/panels")  # the same of the models that solve, by panel
RIGHTS = Path("models/rights.json")  # what each model's terms allow
REMOTE = Path("models/remote.json")  # whether any model in use is remote
CURVES = Path("reports/training")


def whole(_: Params) -> list[str]:
    """The only part of an undivided artifact: the folder itself."""
    return [""]


@dataclass(frozen=True, eq=False)
class Artifact(os.PathLike[str]):
    """One folder `data/<name>`. It works as a path: `tables.count(CURATED)`, `COLLECTED / "medqa"`."""

    name: str
    chapter: Literal["data", "training", "results", "release"]
    tables: Mapping[str, type[Record]]  # in each part
    parts: Parts = whole  # subfolders named by params, never globbed: DVC keeps the output of a removed stage
    stage: str = ""  # makes one part at a time; "" if each part has a stage with the part's name
    handed: tuple["Artifact", ...] = ()  # the stage's input rows; empty: counts are reconciled within the artifact
    row_id: str = "id"  # SQL over its rows: the id that a verdict is about
    made: tuple[str, ...] = ("rows",)  # tables with one row per kept verdict
    decided: "Artifact | None" = None  # holds the verdicts on its rows; None: they are in this artifact
    mix: tuple[str, str] | None = None  # (facts table, column) whose shares are monitored for drift

    def __fspath__(self) -> str:
        return f"data/{self.name}"

    __str__ = __fspath__

    def __truediv__(self, part: str | Path) -> Path:
        return self.path / part

    @property
    def path(self) -> Path:
        return Path(self)

    @property
    def silent(self) -> bool:
        """Whether it has no verdicts, so that every row made is kept."""
        return self.decided is None and "verdicts" not in self.tables

    @property
    def asks(self) -> bool:
        """Whether its stage asks a model and lists the replies it used."""
        return "manifest" in self.tables

    def folders(self, params: Params) -> dict[str, Path]:
        """The folders that hold its tables, by part; "" if there is only one."""
        return {part: self / part for part in self.parts(params)}

    def read(self, params: Params, kind: type[R], table: str = "rows") -> Iterator[R]:
        """The records of a table from all parts, in the order of the params."""
        for folder in self.folders(params).values():
            yield from tables.read(folder, kind, table)

    def write(self, part: str = "", /, **rows: Iterable[Any]) -> None:
        """Write all tables of a part atomically. Raises TypeError unless every table is given."""
        if rows.keys() != self.tables.keys():
            raise TypeError(f"{self.name} has the tables {', '.join(self.tables)}; {', '.join(rows)} were given")
        with tables.artifact(self / part) as folder:
            for table, kind in self.tables.items():
                tables.write(folder, table, kind, rows[table])


def _profiles(params: Params) -> Iterable[str]:
    return params.release.profiles


VERDICTS: Mapping[str, type[Record]] = {"verdicts": Verdict}
ASKED: Mapping[str, type[Record]] = {"verdicts": Verdict, "manifest": Use}
SOURCE = ("rows", "source")
ABOUT = "instruction_id"  # rows have their own ids, verdicts are about instructions

COLLECTED = Artifact(
    "collected", "data", {"rows": Instruction, **VERDICTS}, lambda p: p.sources, stage="collect", mix=SOURCE)
SCREENED = Artifact(
    "screened", "data", {"rows": Instruction, **VERDICTS}, stage="screen", handed=(COLLECTED,), mix=SOURCE)
SYNTHETIC = Artifact(
    "synthetic", "data", {"rows": Instruction, "drafts": Draft, **ASKED}, lambda _: synthetic.WRITTEN, mix=SOURCE)
EVOLVED = Artifact(
    "evolved", "data", {"rows": Instruction, "drafts": Draft, **ASKED}, lambda p: p.evolve.sets, stage="evolve",
    mix=SOURCE)
UNCURATED = (SCREENED, SYNTHETIC, EVOLVED)  # together, every instruction before curation
SCORED = Artifact("scored", "data", {"rows": Score, **ASKED}, stage="score", handed=UNCURATED)
CURATED = Artifact(
    "curated", "data", {"rows": Instruction, **VERDICTS}, stage="curate", handed=UNCURATED, mix=SOURCE)
SPLIT = Artifact("split", "data", {"rows": Assignment}, stage="split", handed=(CURATED,), mix=("rows", "split"))
COMPLETED = Artifact(
    "completed", "data", {"rows": Completion, **ASKED}, stage="complete", handed=(CURATED,), row_id=ABOUT, mix=SOURCE)
CANDIDATES = Artifact(
    "candidates", "data", {"rows": Completion, **ASKED}, lambda p: p.candidates.authors, stage="candidates",
    row_id=ABOUT, mix=("rows", "author"))
JUDGED = Artifact(
    "judged", "data", {"rows": Feedback, **ASKED}, stage="judge", handed=(CANDIDATES,), row_id=ABOUT,
    mix=("rows", "score"))
PAIRED = Artifact(
    "paired", "data", {"rows": Pair, "selected": Pair, **VERDICTS}, stage="pair", handed=(JUDGED,), row_id=ABOUT,
    made=("selected",), mix=("selected", "label_type"))
WITHHELD = Artifact("withheld", "release", VERDICTS, _profiles, stage="release")  # never sent
RELEASE = Artifact("release", "release", {}, _profiles, stage="release", decided=WITHHELD, mix=("rows", "profile"))
GENERAL = Artifact(  # rows are examples or preferences, depending on the set's format
    "general", "training", {"rows": Record, **VERDICTS}, lambda p: p.general, stage="general", mix=SOURCE)
INSTRUCTIONS = Artifact(
    "instructions", "training", {"rows": Example, "dev": Example, **VERDICTS}, lambda p: p.mix.instructions,
    stage="mix-instructions", made=("rows", "dev"), mix=SOURCE)
PREFERENCES = Artifact(
    "preferences", "training", {"rows": Preference, "dev": Preference, **VERDICTS}, lambda p: p.mix.preferences,
    stage="mix-preferences", made=("rows", "dev"), mix=SOURCE)
SAMPLED = Artifact(  # pair ids start with the id of the example that was asked
    "sampled", "training", {"rows": Preference, "dev": Preference, "samples": Sample, **ASKED},
    lambda p: p.iterate.rounds, stage="sample", row_id="split_part(id, '#', 1)")
EVALUATED = Artifact(
    "evaluated", "results", {"rows": Prediction, "manifest": Use}, lambda p: p.evaluate.policies, stage="evaluate",
    mix=("rows", "outcome"))
ENSEMBLES = Artifact(
    "ensembles", "results", {"rows": Prediction, "manifest": Use}, lambda p: p.evaluate.ensembles, stage="ensemble")
REWARDBENCH = Artifact(
    "rewardbench", "results", {"rows": Comparison}, lambda p: p.evaluate.reward_models, stage="rewardbench")

ARTIFACTS: Mapping[str, Artifact] = {a.name: a for a in (  # by name, in the order of the graph
    COLLECTED, SCREENED, SYNTHETIC, EVOLVED, SCORED, CURATED, SPLIT, COMPLETED, CANDIDATES, JUDGED, PAIRED, WITHHELD,
    RELEASE, GENERAL, INSTRUCTIONS, PREFERENCES, SAMPLED, EVALUATED, ENSEMBLES, REWARDBENCH)}
MIXTURES: Mapping[str, Artifact] = {a.name: a for a in (INSTRUCTIONS, PREFERENCES)}


def of_chapter(*chapters: str) -> list[Artifact]:
    """The artifacts of some chapters, in the order of the graph."""
    return [a for a in ARTIFACTS.values() if a.chapter in chapters]


def instruction_folders(params: Params) -> list[Path]:
    """The folders that together hold every instruction before curation."""
    return [folder for artifact in UNCURATED for folder in artifact.folders(params).values()]


def instructions(params: Params) -> Iterator[Instruction]:
    """Every instruction before curation."""
    for artifact in UNCURATED:
        yield from artifact.read(params, Instruction)


def candidates(params: Params) -> dict[str, list[Completion]]:
    """All candidates, by instruction, in the order of the pool."""
    by_instruction: dict[str, list[Completion]] = {}
    for candidate in CANDIDATES.read(params, Completion):
        by_instruction.setdefault(candidate.instruction_id, []).append(candidate)
    return by_instruction
