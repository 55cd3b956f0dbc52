"""Kills, corrupted sources, red gates: one clear line, nothing half-written, and `dvc repro` resumes."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
from workspace import Workspace, clone

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def copied(built: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A second worktree with the first one's ledger and cache, for tests to break."""
    root = tmp_path_factory.mktemp("spare")
    subprocess.run(["cp", "-a", f"{built.root}/.", str(root / "repo")], check=True)
    subprocess.run(["cp", "-a", str(built.ledger), str(root / "ledger")], check=True)
    return Workspace(root / "repo", root / "ledger")


@pytest.fixture
def spare(copied: Workspace) -> Iterator[Workspace]:
    """The second worktree, restored after each test."""
    yield copied
    copied.restore()


def _stage_pids(workspace: Workspace, name: str) -> list[int]:
    pids = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                if f"stages.data.{name}".encode() in command and os.readlink(entry / "cwd") == str(workspace.root):
                    pids.append(int(entry.name))
            except OSError:
                continue
    return pids


def _wait(until: Callable[[], bool | list[int]], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


@pytest.mark.parametrize("victim", ["stage", "dvc"])
def test_killed_while_asking_goes_on_from_what_it_had(spare: Workspace, victim: str) -> None:
    # a new temperature makes every request of this pool member new
    rule = "careful: {model: smollm2, prompt: candidate-careful, temperature: "
    spare.edit("params.yaml", f"{rule}0.2,", f"{rule}{'0.21' if victim == 'stage' else '0.22'},")
    before = spare.replies()
    process = spare.start("dvc", "repro", "candidates@careful")
    _wait(lambda: spare.replies() > before + 3)
    pids = _stage_pids(spare, "candidates")
    assert pids
    os.kill(pids[0] if victim == "stage" else process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    _wait(lambda: not _stage_pids(spare, "candidates"), 10)  # the stage does not outlive dvc
    assert not (spare.root / "data/candidates/careful").exists()
    spare.run("dvc", "repro", "candidates@careful")
    assert spare.replies() - before == _uses(spare)  # every request of this run was paid for exactly once


def _uses(workspace: Workspace) -> int:
    """Number of distinct replies that the pool member's answers used."""
    manifest = f"{workspace.root}/data/candidates/careful/manifest-*.parquet"
    return duckdb.sql(f"SELECT count(DISTINCT request_key) FROM read_parquet('{manifest}')").fetchall()[0][0]


def test_changed_source_without_a_pin_stops_with_both_hashes(spare: Workspace) -> None:
    path = "data/raw/sample/medqa/train.jsonl"
    spare.append(path, '{"question": "broken\n')
    output = spare.run("dvc", "repro", "collect@medqa", ok=False)
    line = next(x for x in output.splitlines() if x.startswith("ERROR"))
    assert path in line and "ultramed pin medqa" in line


def test_too_many_broken_rows_name_file_and_line(spare: Workspace) -> None:
    path = "data/raw/sample/medqa/train.jsonl"
    spare.append(path, '{"question": "broken\n' * 20)
    spare.ultramed("pin", "medqa")
    output = spare.run("dvc", "repro", "collect@medqa", ok=False)
    line = next(x for x in output.splitlines() if x.startswith("ERROR"))
    assert "train.jsonl" in line and "max_broken" in line


def test_red_gate_stops_what_follows_and_keeps_its_report(spare: Workspace) -> None:
    rule = "paired: {min_rows: "
    spare.edit("params.yaml", f"{rule}5}}", f"{rule}99999}}")
    output = spare.run("dvc", "repro", "check-paired", ok=False)
    assert "99999" in output and "report.html" in output
    assert list((spare.root / ".ultramed/quality").rglob("report.html"))


def test_unknown_param_is_refused_by_name(spare: Workspace) -> None:
    spare.edit("params.yaml", "min_words: 3", "min_word: 3")
    output = spare.run("dvc", "repro", "screen", ok=False)
    assert "screen.min_word" in output and "min_words" in output


def test_a_mistake_anywhere_in_params_stops_before_anything_runs(spare: Workspace) -> None:
    output = spare.run("dvc", "exp", "run", "-S", "iterate.reward=dpo", "pair", ok=False)
    assert "ERROR params.yaml: iterate.reward is 'dpo', which is a policy; expected a reward model: reward" in output
    assert output.count("Running stage") == 1


def test_real_files_from_outside_the_repository(built: Workspace, tmp_path: Path) -> None:
    if not (real := os.environ.get("ULTRAMED_REALDATA")):
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files here")
    workspace = clone(tmp_path / "real", tmp_path / "ledger")
    workspace.edit("params.yaml", "location: data/raw/sample/medquad", f"location: {real}/01_training_sources/MedQuAD")
    workspace.ultramed("pin", "medquad")
    workspace.run("dvc", "repro", "collect@medquad")
    assert len(list((workspace.root / "data/collected/medquad").glob("rows-*.parquet"))) == 1
