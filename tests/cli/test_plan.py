"""`ultramed plan` works at every scale with nothing built, in 80 columns or as JSON, and writes nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ultramed import params, tables
from ultramed.cli.scale import scale

ROOT = Path(__file__).parents[2]
NAMES = ("laptop", "workstation", "paper", "paper-2024")
Ultramed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params, scales and assumptions and nothing built."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    return tmp_path


def files(folder: Path) -> dict[str, float]:
    return {str(p): p.stat().st_mtime for p in folder.rglob("*")}


@pytest.mark.parametrize("name", NAMES)
def test_every_scale_has_a_plan(name: str, root: Path, ultramed: Ultramed, monkeypatch: pytest.MonkeyPatch) -> None:
    scale(name)
    for model in params.load().models.remote.values():
        monkeypatch.setenv(model.api_key_env or "NO_KEY", "a key")
    before = files(root)
    code, out, err = ultramed("plan")
    assert (code, err) == (0, "") and files(root) == before
    lines = out.splitlines()
    tables = lines[: next(n for n, line in enumerate(lines) if line.startswith("Total: "))]
    assert max(map(len, tables)) <= 80
    settings = params.load()
    shown = {line.split()[0] for line in tables if line.strip()}
    stages = {"textbook", "wikipedia", "score", "complete", "judge"}
    for prefix, names in {"evolve": settings.evolve.sets, "candidates": settings.candidates.pool,
                          "train": settings.train, "sample": settings.iterate.rounds,
                          "iterate": settings.iterate.rounds, "evaluate": settings.evaluate.policies,
                          "ensemble": settings.evaluate.ensembles,
                          "rewardbench": settings.evaluate.reward_models}.items():
        stages |= {f"{prefix}@{n}" for n in names}
    assert stages <= shown


def test_totals_come_last_and_the_assumptions_where_they_are_asked_for(root: Path, ultramed: Ultramed) -> None:
    total, rests = ultramed("plan")[1].splitlines()[-2:]
    lines = ultramed("plan", "--assumptions")[1].splitlines()
    at = lines.index(total)
    assert lines[at + 1] == rests.removesuffix("; --assumptions lists them") + ":" and len(lines) > at + 20
    assert f" {len(lines) - at - 2} figures from conf/plan.yaml" in rests
    assert "  benchmark.tasks  9: MedQA, MedMCQA, PubMedQA and six subjects of MMLU" in lines
    assert any(line.startswith("  raw.medqa  36 rows") for line in lines), "of the embedded sample"


def test_for_machines_it_is_complete_and_the_same_every_time(root: Path, ultramed: Ultramed) -> None:
    scale("paper")
    once, twice = (ultramed("plan", "--json")[1] for _ in range(2))
    plan = json.loads(once)
    assert once == twice and plan["scale"] == "paper"
    asking = [s for s in plan["stages"] if s["kind"] == "asking"]
    assert plan["total"]["calls"]["expected"] == sum(s["calls"]["expected"] for s in asking)
    assert plan["total"]["disk_bytes"] == pytest.approx(sum(plan["disk_bytes"].values()))
    assert all(s["calls"]["low"] <= s["calls"]["expected"] <= s["calls"]["high"] for s in asking)
    assert plan["total"]["price_usd"] is None  # every model is local


def test_the_original_s_price_is_of_the_order_that_its_authors_name(root: Path, ultramed: Ultramed) -> None:
    scale("paper-2024")
    usd = json.loads(ultramed("plan", "--json")[1])["total"]["price_usd"]
    assert usd["low"] < 20_000 < usd["high"]  # about 20,000 USD, which included the rows quarantined here


def test_the_laptop_s_plan_is_of_the_sample_and_what_is_built_is_counted(root: Path, ultramed: Ultramed) -> None:
    def planned() -> dict[str, Any]:
        plan = json.loads(ultramed("plan", "--json")[1])
        asking = [stage for stage in plan["stages"] if stage["kind"] == "asking"]
        return plan | {stage["stage"]: stage["calls"]["expected"] for stage in asking}
    before = planned()
    assert before["total"]["calls"]["expected"] < 2000, "a sample has a few hundred rows"
    assert before["evaluate@base"] == 9 * params.load().evaluate.items  # nine tasks
    Path("data/collected/medqa").mkdir(parents=True)
    rows = pa.table({"id": ["row"] * 1036})
    tables.write_arrow(Path("data/collected/medqa/rows-00000-of-00001.parquet"), rows)
    Path("dvc.lock").write_text("stages: {collect@medqa: {outs: [{path: data/collected/medqa}]}}\n")
    after = planned()
    assert after["counted"] == ["data/collected/medqa"] and "raw.medqa" not in after["assumptions"]
    # 1,000 rows more than assumed for a sample, of which 0.93 pass the screen
    assert after["score"] - before["score"] == pytest.approx(930, abs=1)


def test_a_missing_table_is_one_line(root: Path, ultramed: Ultramed) -> None:
    Path("conf/plan.yaml").unlink()
    said = "ERROR conf/plan.yaml: not found; `git checkout conf/plan.yaml` restores it\n"
    assert ultramed("plan") == (1, "", said)


@pytest.mark.parametrize(("old", "new", "said"), [
    ("prompt: candidate-brief", "prompt: nowhere", "ERROR params.yaml: candidates.pool.brief.prompt: is 'nowhere'"),
    ("max_tokens: 320", "max_tokens: many", "ERROR params.yaml: judge.max_tokens: is 'many'"),
])
def test_a_mistake_in_params_is_one_line(root: Path, ultramed: Ultramed, old: str, new: str, said: str) -> None:
    text = Path("params.yaml").read_text()
    assert old in text
    Path("params.yaml").write_text(text.replace(old, new))
    code, out, err = ultramed("plan")
    assert (code, out) == (1, "") and err.startswith(said) and err.count("\n") == 1


def test_a_damaged_lock_is_one_line_and_a_damaged_artifact_none_at_all(root: Path, ultramed: Ultramed) -> None:
    Path("data/curated").mkdir(parents=True)
    Path("data/curated/rows-00000-of-00001.parquet").write_bytes(b"cut")
    Path("dvc.lock").write_text("stages: {curate: {outs: [{path: data/curated}]}}\n")
    assert ultramed("plan")[0] == 0
    Path("dvc.lock").write_text("<<<<<<< here\nstages: {}\n=======\n")
    code, out, err = ultramed("plan")
    assert (code, out) == (1, "") and err.startswith("ERROR dvc.lock: is not valid YAML") and err.count("\n") == 1


def test_a_launch_configuration_without_processes_is_one_line(root: Path, ultramed: Ultramed) -> None:
    scale("paper")
    Path("conf/accelerate/zero3.yaml").write_text("distributed_type: DEEPSPEED\n")
    code, out, err = ultramed("plan")
    assert (code, out) == (1, "") and err.startswith("ERROR training.launch: conf/accelerate/zero3.yaml: has no num_")


def test_heavy_libraries_are_not_loaded(root: Path) -> None:
    code = ("import sys; from ultramed import params; from ultramed.planning.plan import make; make(params.load()); "
            "print([m for m in ('torch', 'transformers', 'datasets', 'trl') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
