"""Training under `accelerate launch`, through the stage's real entry point, on two processes without a GPU."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from training_rows import ROOT, TEMPLATE, example, mixture, record

pytestmark = pytest.mark.slow
CONFIG = """compute_environment: LOCAL_MACHINE
distributed_type: {kind}
num_machines: 1
num_processes: {processes}
machine_rank: 0
main_process_port: 0
mixed_precision: 'no'
use_cpu: true
"""
IONS = ["Sodium", "Calcium", "Iron", "Zinc", "Copper", "Iodine", "Chloride", "Lithium"]


@pytest.fixture
def repository(tmp_path: Path, tiny_model: Path) -> Path:
    """A repository whose `sft` trains the tiny model for 4 steps."""
    rows = [example(f"MedQA,{n}", f"Which ion is {name}?", f"{name} is an ion.") for n, name in enumerate(IONS)]
    mixture(tmp_path / "data/instructions/ultramix", rows, rows[:2])
    shutil.copytree(tiny_model, tmp_path / "models/transformers/base")
    return tmp_path


def train(here: Path, processes: int, **changes: Any) -> subprocess.Popen[str]:
    """Start the stage. `changes` go to the recipe."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    tree = yaml.load((ROOT / "params.yaml").read_text())
    launch = here / "launch.yaml"
    launch.write_text(CONFIG.format(kind="MULTI_CPU" if processes > 1 else "'NO'", processes=processes))
    tree["base"]["template"] = str(TEMPLATE)
    tree["training"] |= {"launch": str(launch), "save_every": 2}
    tree["train"]["sft"] |= {"steps": 4, "learning_rate": 1e-2} | changes
    with open(here / "params.yaml", "w", encoding="utf-8") as file:
        yaml.dump(tree, file)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "ACCELERATE_"))}
    environment |= {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(here), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen([sys.executable, "-m", "stages.models.train", "sft"], cwd=here, env=environment, text=True,
                            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)


def said(stage: subprocess.Popen[str]) -> str:
    return stage.communicate(timeout=240)[1]


def test_two_processes_end_in_one_whole_checkpoint(repository: Path) -> None:
    from transformers import AutoModelForCausalLM

    stage = train(repository, 2)
    told = said(stage)
    assert stage.returncode == 0, told
    out = repository / "models/transformers/sft"
    assert AutoModelForCausalLM.from_pretrained(out).num_parameters() > 0
    found = record(out)
    assert (found["steps"], found["dev_rows"], found["rows"]) == (4, 2, {"medical": 8})
    assert json.loads((repository / "models/identity/sft.json").read_text())["identity"].startswith("local:")
    assert not [p for p in (repository / ".ultramed/checkpoints").iterdir() if p.is_dir()]
    assert "Traceback" not in told and told.count("steps: 4 of 4") == 1, "one process speaks"


def test_failing_workers_say_their_one_line_once(repository: Path) -> None:
    stage = train(repository, 2, max_length=9)
    told = said(stage)
    line = told.splitlines()[-1]
    assert stage.returncode == 1 and told.count("ERROR") == 1 and "Traceback" not in told
    assert line.startswith("ERROR train sft: data/instructions/ultramix: holds 8 rows, none of at most 9 tokens; raise "
                           "max_length of this model; the rest is in ")
    (log,) = (repository / ".ultramed/checkpoints").glob("*.log")
    assert str(log) in line and "Traceback" in log.read_text()
    assert not (repository / "models/transformers/sft").exists()


def test_workers_that_outlive_a_killed_stage_keep_their_lock(repository: Path) -> None:
    """A second run must not train in the same folder at the same time; it waits, then continues from their result."""
    stage = train(repository, 1, steps=60)
    deadline = time.monotonic() + 120
    while not list(repository.glob(".ultramed/checkpoints/*/checkpoint-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    stage.kill()
    (lock,) = repository.glob(".ultramed/checkpoints/*.lock")
    with open(lock, encoding="utf-8") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    again = train(repository, 1, steps=60)
    told = said(again)
    assert again.returncode == 0, told
    assert record(repository / "models/transformers/sft")["steps"] == 60
