"""Where each artifact of the graph lies, and what it is made of. The same paths stand in `dvc.yaml`."""

from collections.abc import Iterator
from pathlib import Path

from ultramed import tables
from ultramed.params import Params
from ultramed.records import Completion, Instruction

RAW = Path("data/raw")
BENCHMARKS = RAW / "benchmarks"
GENERAL_SETS = RAW / "general"
COLLECTED = Path("data/collected")
SCREENED = Path("data/screened")
SYNTHETIC = Path("data/synthetic")
EVOLVED = Path("data/evolved")
SCORED = Path("data/scored")
CURATED = Path("data/curated")
SPLIT = Path("data/split")
COMPLETED = Path("data/completed")
CANDIDATES = Path("data/candidates")
JUDGED = Path("data/judged")
PAIRED = Path("data/paired")
GENERAL = Path("data/general")
MIXED = Path("data/mixed")
SAMPLED = Path("data/sampled")
EVALUATED = Path("data/evaluated")
ENSEMBLES = Path("data/ensembles")
REWARDBENCH = Path("data/rewardbench")
MODELS = Path("models/transformers")  # models of ours, the base included
RECORD = "training.json"  # in each of them that was trained: on what, and how
IDENTITIES = Path("models/identity")  # what each model is called in the ledger
RIGHTS = Path("models/rights.json")  # what the terms of each allow
REMOTE = Path("models/remote.json")  # whether any that is asked is behind somebody else's endpoint
CURVES = Path("reports/training")
RELEASE = Path("data/release")
WITHHELD = Path("data/withheld")  # why rows are not in a release; never sent

WRITTEN = ("textbook", "wikipedia")  # the sets under data/synthetic


def instruction_folders(params: Params) -> list[Path]:
    """Folders that together hold every instruction before curation: screened, synthetic, evolved. Named from params,
    never globbed: DVC leaves the output of a removed stage behind."""
    return [SCREENED, *(SYNTHETIC / n for n in WRITTEN), *(EVOLVED / n for n in params.evolve.sets)]


def instructions(params: Params) -> Iterator[Instruction]:
    """Every instruction before curation."""
    for folder in instruction_folders(params):
        yield from tables.read(folder, Instruction)


def candidates(params: Params) -> dict[str, list[Completion]]:
    """All candidates, by instruction, in the order of the pool."""
    found: dict[str, list[Completion]] = {}
    for member in params.candidates.authors:
        for candidate in tables.read(CANDIDATES / member, Completion):
            found.setdefault(candidate.instruction_id, []).append(candidate)
    return found
