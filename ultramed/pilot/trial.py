"""The stages themselves, run on a few rows in a folder of their own with the ledger of the repository.

Requests are those of the real run: rows are drawn as it draws them, and seeds depend on row and params alone. What a
pilot paid for is therefore not asked again, but for second attempts that show examples, and answers to instructions
that curation or the choice of prompts then leaves out.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruamel.yaml import YAML

from ultramed import artifacts, paths, prompts, registry, tables
from ultramed.errors import SourceError
from ultramed.params import Params
from ultramed.records import Instruction
from ultramed.seeds import draw

LINKED = ("data/raw", "data/collected", "models", "conf")  # read, never written
NEEDED = (artifacts.COLLECTED, artifacts.SCREENED)
SHARE = 5  # of the rows of a pilot, one in so many is the parent of an evolution, a passage …


def reduced(settings: Params, rows: int) -> Params:
    """The params for that many rows. What decides a request stays."""
    few = max(2, rows // SHARE)
    changes = {
        "textbook": {"paragraphs": min(few, settings.textbook.paragraphs or few)},
        "wikipedia": {"domains": 1},
        "curate": {"keep": {}, "answer_share": {}, "min_score": dict.fromkeys(settings.curate.min_score, 1.0)},
        "pair": {"quota": {}, "author_share": 1.0},
        "candidates": {"prompts": max(2, rows // 2),
                       "pool": {n: m for n, m in settings.candidates.pool.items() if m.model not in settings.ours}},
        "evolve": {"sets": {n: s.model_copy(update={"parents": min(few, s.parents or few)})
                            for n, s in settings.evolve.sets.items()}},
    }
    return settings.model_copy(update={
        name: getattr(settings, name).model_copy(update=values) for name, values in changes.items()})


def run(settings: Params, rows: int, folder: Path, replaced: dict[str, str] | None = None) -> Params:
    """Run the pilot in `folder`, anew; returns its params. `replaced`: texts of prompt files by name.

    Raises SourceError unless the screened rows and what items are written from are there.
    """
    root = paths.root().resolve()
    needed = [*map(Path, NEEDED), *(artifacts.RAW / n for n in (settings.textbook.corpus, "domains", "encyclopedia"))]
    if missing := next((path for path in needed if not (root / path).is_dir()), None):
        raise SourceError(str(missing), "is not there", "run `dvc repro screen fetch model`, which asks no model")
    few = reduced(settings, rows)
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    for name in (*LINKED, str(artifacts.SCREENED)):
        if (root / name).exists():
            (folder / name).symlink_to(root / name)
    with open(folder / "params.yaml", "w", encoding="utf-8") as file:
        YAML(typ="safe").dump(few.model_dump(mode="json", by_alias=True), file)
    with _inside(folder, root), prompts.replacing(replaced or {}):
        for stage in ("textbook", "wikipedia", *(f"evolve@{name}" for name in few.evolve.sets)):
            _stage(stage)
        _sample(few, rows)
        for stage in ("score", "curate", "split", "complete", *(f"candidates@{a}" for a in few.candidates.authors),
                      "judge", "pair"):
            _stage(stage)
    return few


def _stage(stage: str) -> None:
    name, _, key = stage.partition("@")
    registry.load("stages.data", name).main(*([key] if key else []))


def _sample(settings: Params, rows: int) -> None:
    """Keep that many of the screened rows, the same number of each source where there are so many, and of the written
    ones; the stages from `score` on see these."""
    screened = Path(artifacts.SCREENED)
    every = list(tables.read(screened, Instruction))
    each = max(1, rows // max(1, len(settings.sources)))
    kept = {i for source in settings.sources
            for i in draw([r.id for r in every if r.source == source], each, settings.seed, "pilot", source)}
    screened.unlink()
    with tables.artifact(screened) as folder:
        tables.write(folder, "rows", Instruction, [row for row in every if row.id in kept])
    for artifact in (artifacts.SYNTHETIC, artifacts.EVOLVED):
        for part in artifact.folders(settings).values():
            shards = tables.shards(part, "rows")
            left = list(tables.read(part, Instruction))
            few = set(draw([r.id for r in left], rows, settings.seed, "pilot", str(part)))
            for shard in shards:
                shard.unlink()
            tables.write(part, "rows", Instruction, [row for row in left if row.id in few])


@contextmanager
def _inside(folder: Path, root: Path) -> Iterator[None]:
    """In that folder, with the ledger and the servers of the repository."""
    before, given = Path.cwd(), os.environ.get("DVC_ROOT")
    os.environ["DVC_ROOT"] = str(root)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        if given is None:
            del os.environ["DVC_ROOT"]
        else:
            os.environ["DVC_ROOT"] = given
