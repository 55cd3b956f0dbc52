"""The stages screen, curate and split through their real entry points, on the sample and its planted dirt."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stages.data import collect
from ultramed import params, tables
from ultramed.records import Assignment, Instruction, Score, Verdict
from ultramed.sources.locations import fetch, fetch_all

ROOT = Path(__file__).parents[2]
SETTINGS = params.load(ROOT / "params.yaml")
CODES = {  # the screen's code for each kind of planted dirt; other kinds never reach it
    "mojibake": "cleaned",
    "html": "cleaned",
    "boilerplate": "cleaned",
    "leak": "leak",
    "junk": "junk",
    "refusal": "refusal",
    "exact_duplicate": "exact_duplicate",
    "near_duplicate": "near_duplicate",
    "pii_contact": "identifier_phone",
    "pii_identity": "identifier_person_name",
    "pii_address": "identifier_street_address",
    "clean_numbers": "kept",
    "not_medical": "kept",
}


def absolute(pin: params.Pin) -> params.Pin:
    return pin.model_copy(update={"location": str(ROOT / pin.location)})


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample collected and screened; nothing synthesised; all screened rows scored 5 except the first, scored 2."""
    here = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "data/raw/sample", here / "data/raw/sample")
    shutil.copy(ROOT / "params.yaml", here / "params.yaml")
    (here / "dvc.yaml").touch()
    for name in SETTINGS.sources:
        fetch(name, absolute(SETTINGS.raw[name]), here / "data/raw" / name)
    fetch_all({name: absolute(pin) for name, pin in SETTINGS.benchmarks.items()}, here / "data/raw/benchmarks")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        for name in SETTINGS.sources:
            collect.main(name)
    run(here, "stages.params")
    run(here, "stages.data.screen")
    for name in ("synthetic/textbook", "synthetic/wikipedia", *(f"evolved/{n}" for n in SETTINGS.evolve.sets)):
        with tables.artifact(here / "data" / name) as folder:
            tables.write(folder, "rows", Instruction, [])
    with tables.artifact(here / "data/scored") as folder:
        ids = [i.id for i in tables.read(here / "data/screened", Instruction)]
        tables.write(
            folder, "rows", Score, [Score(i, 5.0 if n else 2.0, "logprob", "", "k") for n, i in enumerate(ids)]
        )
    run(here, "stages.data.curate")
    run(here, "stages.data.split")
    return here


def run(here: Path, *arguments: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(here)}
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=here, env=environment, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def verdicts(here: Path, artifact: str) -> dict[str, Verdict]:
    found = list(tables.read(here / "data" / artifact, Verdict, "verdicts"))
    assert len({v.id for v in found}) == len(found)
    return {v.id: v for v in found}


def planted() -> Iterator[tuple[str, dict[str, Any]]]:
    """Id of each planted row and its entry."""
    for name in ("exams", "dialogues", "literature"):
        for entry in json.loads((ROOT / f"tests/data/planted/{name}.json").read_text()):
            if entry["source"] in SETTINGS.sources and entry["kind"] in CODES:
                place = entry.get("key") or entry.get("index", entry.get("line"))
                yield row_id(entry, place), entry


def row_id(entry: dict[str, Any], place: object) -> str:
    """Id of a row of the entry's source: places are PMIDs and pids, indices from 0 or lines from 1."""
    folder = "5_NIDDK_QA/" if entry["source"] == "medquad" else ""
    key = int(str(place)) - 1 if "line" in entry else place
    return f"{SETTINGS.sources[entry['source']].prefix},{folder}{key}"


def original(entry: dict[str, Any]) -> str:
    """Id of the row, or of the benchmark item, that a planted duplicate or leak repeats."""
    of = str(entry["of"])
    if entry["kind"] == "leak":
        name, _, line = of.rpartition(":")
        name, _, table = name.partition("/")
        key = f"{table}/{int(line) - 1}" if table else str(int(line) - 1)
        return f"{name},{key}" if name else f"pubmedqa_test,{of}"
    source, _, index = of.rpartition(":")
    return f"{SETTINGS.sources[source].prefix},{index}" if source else row_id(entry, of)


@pytest.mark.parametrize(("planted_id", "entry"), [pytest.param(i, e, id=f"{e['kind']}-{i}") for i, e in planted()])
def test_planted_dirt_is_found(repository: Path, planted_id: str, entry: dict[str, Any]) -> None:
    verdict = verdicts(repository, "screened")[planted_id]
    assert verdict.code == CODES[entry["kind"]], verdict.reason
    if "of" in entry:
        assert f" {original(entry)}: " in verdict.reason


def test_nothing_else_is_held_back(repository: Path) -> None:
    dirty = {i for i, entry in planted() if CODES[entry["kind"]] not in ("kept", "cleaned")}
    held = {v.id for v in verdicts(repository, "screened").values() if not v.keep}
    assert held == dirty


def test_counts_reconcile(repository: Path) -> None:
    handed = sum(tables.count(repository / "data/collected" / name) for name in SETTINGS.sources)
    screened = verdicts(repository, "screened")
    kept = [i.id for i in tables.read(repository / "data/screened", Instruction)]
    assert len(screened) == handed
    assert kept == [v.id for v in screened.values() if v.keep]
    curated = verdicts(repository, "curated")
    assert set(curated) == set(kept)
    assert tables.count(repository / "data/curated") == sum(v.keep for v in curated.values())


def test_curate_drops_by_threshold_only_what_the_screen_has_passed(repository: Path) -> None:
    first = next(tables.read(repository / "data/screened", Instruction))
    least = SETTINGS.curate.min_score[first.source]
    assert 2 < least <= 5
    dropped = [v for v in verdicts(repository, "curated").values() if not v.keep]
    assert [(v.id, v.code, v.reason) for v in dropped] == [
        (first.id, "low_score", f"score 2; curate.min_score.{first.source} is {least:g}")
    ]


def test_split_assigns_every_curated_row(repository: Path) -> None:
    assigned = list(tables.read(repository / "data/split", Assignment))
    curated = sorted(i.id for i in tables.read(repository / "data/curated", Instruction))
    assert [a.id for a in assigned] == curated
    assert {a.split for a in assigned} == {"train", "dev", "test"}


def test_outputs_are_the_same_twice(repository: Path) -> None:
    def contents() -> dict[str, bytes]:
        folders = [repository / "data" / name for name in ("screened", "curated", "split")]
        return {str(p.relative_to(repository)): p.read_bytes() for f in folders for p in sorted(f.iterdir())}

    before = contents()
    for stage in ("screen", "curate", "split"):
        run(repository, f"stages.data.{stage}")
    assert contents() == before


def test_a_source_without_threshold_stops_curate_with_one_line(repository: Path, tmp_path: Path) -> None:
    here = tmp_path / "repository"
    shutil.copytree(repository, here)
    path = here / "params.yaml"
    threshold = f"medqa: {SETTINGS.curate.min_score['medqa']:g}"
    path.write_text("".join(line for line in path.open() if line.strip() != threshold))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(here)}
    done = subprocess.run(
        [sys.executable, "-m", "stages.data.curate"], cwd=here, env=environment, text=True, capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .startswith("ERROR params.yaml: curate.min_score: has no threshold for medqa; every source of rows needs one")
    )
