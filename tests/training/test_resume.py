"""A training killed with -9 at any moment and run again ends in the same bytes as an uninterrupted one."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from killed import MOMENTS, STEPS, planned
from training_rows import ROOT, TEMPLATE, example, job, mixture, preference, training

from ultramed.errors import ModelError
from ultramed.training.job import Job

RUNS = [*(f"{moment}-sft" for moment in MOMENTS), *(f"weights_written-{m}" for m in ("reward", "dpo", "kto"))]
EXAMPLES = [example(f"e{n}", f"Which ion is number {n}?", f"Number {n} is an ion.") for n in range(8)]
PAIRS = [preference(f"p{n}", f"Number {n} is an ion.") for n in range(8)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    root = tmp_path_factory.mktemp("killed")
    shutil.copytree(tiny_model, root / "base")
    mixture(root / "instructions", EXAMPLES, EXAMPLES[:2])
    mixture(root / "preferences", PAIRS, PAIRS[:2])
    return root


@pytest.fixture(scope="module")
def killed(world: Path) -> Path:
    """One folder per killed run."""
    for name in RUNS:
        (world / name).mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, str(Path(__file__).parent / "killed.py"), str(world), *RUNS]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False, timeout=300)
    assert done.stdout.splitlines() == [f"{name} 9" for name in RUNS], done.stderr
    return world


def steps_of(job: Job, here: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a job in the folder `here`; return the number of steps done."""
    from transformers import Trainer

    from ultramed.training.run import train_and_export

    done, step = [], Trainer.training_step

    def counted(*args: Any, **more: Any) -> Any:
        done.append(1)
        return step(*args, **more)

    here.mkdir(exist_ok=True)
    with monkeypatch.context() as patch:
        patch.chdir(here)
        patch.setenv("DVC_ROOT", str(here))
        patch.setattr(Trainer, "training_step", counted)
        train_and_export(job, "open", False)
    return len(done)


def contents(here: Path) -> dict[str, bytes]:
    files = [p for name in ("models", "reports") for p in sorted((here / name).rglob("*")) if p.is_file()]
    return {str(p.relative_to(here)): p.read_bytes() for p in files}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(
    killed: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moment, method = name.split("-")
    whole = killed / f"whole-{method}"
    if not whole.exists():
        assert steps_of(planned(whole, method), whole, monkeypatch) == STEPS
    assert moment == "scratch_half_removed" or not list((killed / name / "models").glob("**/m")), "nothing half-written"
    left = MOMENTS[moment][1]
    capsys.readouterr()
    assert steps_of(planned(killed / name, method), killed / name, monkeypatch) == left
    assert (f"resuming from step {STEPS - left}\n" in capsys.readouterr().err) == (0 < left < STEPS)
    assert contents(killed / name) == contents(whole)
    assert not [p for p in (killed / name / ".ultramed/checkpoints").iterdir() if not p.name.startswith(".")]


def test_whatever_decides_the_weights_decides_the_scratch_folder(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DVC_ROOT", str(world))
    start, data = world / "base", world / "instructions"
    given: dict[str, Any] = {"method": "sft", "start": start, "data": data}
    other = shutil.copytree(start, world / "other")
    (other / "config.json").write_text((other / "config.json").read_text() + "\n")
    template = world / "template.jinja"
    template.write_text(TEMPLATE.read_text() + " ")
    changes: list[dict[str, Any]] = [
        {"learning_rate": 2e-3}, {"batch": 4}, {"steps": 7}, {"training": training(save_every=3)}, {"name": "n"},
        {"training": training(lora=None)}, {"template": None}, {"template": str(template)}, {"start": other},
        {"data": mixture(world / "fewer", EXAMPLES[:7], EXAMPLES[:2])}]
    folders = [job(**given | change).scratch for change in changes]
    first, seeded = job(**given), job(**given)
    object.__setattr__(seeded, "seed", 8)
    assert len({*folders, first.scratch, seeded.scratch}) == len(changes) + 2
    assert job(**given).scratch == first.scratch
    template.write_text(TEMPLATE.read_text())
    assert job(**given, template=str(template)).scratch == first.scratch  # its text counts, not its name


def test_a_second_run_of_the_same_training_waits_and_says_so(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from transformers import Trainer

    from ultramed.training import run

    assert Trainer and run  # imported before the clock starts: that may take longer than the lock is held
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    found = job("sft", world / "base", world / "instructions")
    found.scratch.parent.mkdir(parents=True)
    with open(f"{found.scratch}.lock", "w", encoding="utf-8") as held:
        fcntl.flock(held.fileno(), fcntl.LOCK_EX)
        first = threading.Timer(3.0, held.close)
        first.start()
        assert steps_of(found, tmp_path, monkeypatch) == 6
    assert "train m: waiting for another process that runs this training" in capsys.readouterr().err
    assert not first.is_alive()


@pytest.mark.parametrize(("file", "lora"), [
    ("optimizer.pt", True), ("rng_state.pth", True), ("adapter_model.safetensors", True), ("scheduler.pt", False),
    ("model.safetensors", False)])
def test_a_damaged_checkpoint_is_one_clear_line(
    world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, lora: bool
) -> None:
    from ultramed.training import run

    chosen = training() if lora else training(lora=None)
    found = job("sft", world / "base", world / "instructions", training=chosen)
    with monkeypatch.context() as patch:
        patch.setattr(run, "_write_done", lambda *_: (_ for _ in ()).throw(ModelError("here", "stopped")))
        with pytest.raises(ModelError, match="stopped"):
            steps_of(found, tmp_path, monkeypatch)
    (newest,) = tmp_path.glob(".ultramed/checkpoints/m-*/checkpoint-4")
    (newest / file).write_bytes(b"garbage")
    with pytest.raises(ModelError, match=r"checkpoint-4: cannot resume from it: .*; remove that folder") as caught:
        steps_of(job("sft", found.start, found.data, training=chosen), tmp_path, monkeypatch)
    assert "\n" not in str(caught.value)
    shutil.rmtree(newest)
    assert steps_of(job("sft", found.start, found.data, training=chosen), tmp_path, monkeypatch) == 4
