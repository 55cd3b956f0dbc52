"""`ultramed`: every command is listed, and every user mistake is one line and exit code 1."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ultramed.cli import commands

ROOT = Path(__file__).parents[2]
COMMANDS = ("doctor", "explain", "pin", "scale", "pilot", "plan", "accept", "summary", "ledger", "publish", "try")
Ultramed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with params and scales and nothing built."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    return tmp_path


def test_help_lists_every_command(root: Path, ultramed: Ultramed) -> None:
    code, out, _ = ultramed("--help")
    listed = [line.split()[1] for line in out.splitlines() if len(line.split()) > 3 and line.split()[1] in COMMANDS]
    assert code == 0 and sorted(listed) == sorted(COMMANDS)
    known = [c.name or c.callback.__name__ for c in commands.registered_commands if c.callback]
    assert sorted([*known, *(str(g.name) for g in commands.registered_groups)]) == sorted(COMMANDS)


@pytest.mark.parametrize("command", [*COMMANDS, "publish data", "publish models", "ledger stats", "ledger purge",
                                     "try letter", "try reply", "try screen"])
def test_every_command_has_a_help_of_its_own(root: Path, ultramed: Ultramed, command: str) -> None:
    code, out, _ = ultramed(*command.split(), "--help")
    assert code == 0 and f"Usage: ultramed {command}" in out
    assert len(out.splitlines()) > 4


@pytest.mark.parametrize(("arguments", "said"), [
    ("explain MedQA,1", "MedQA,1: is not a row any stage has seen; ids look like MedQA,12"),
    ("pin nothing_like_it", "ultramed pin: 'nothing_like_it' is in none of raw, benchmarks, general and models.local"),
    ("pin", "ultramed pin: no name given"),
    ("scale moon", "moon: is not a scale; expected one of laptop"),
    ("accept", "quality/: has no figures from a passed gate; run `dvc repro` first"),
])
def test_mistakes_are_one_line(root: Path, ultramed: Ultramed, arguments: str, said: str) -> None:
    code, out, err = ultramed(*arguments.split())
    assert (code, out) == (1, "") and err.startswith(f"ERROR {said}")
    assert err.count("\n") == 1 and err.endswith("\n")


@pytest.mark.parametrize("arguments", [
    "explain MedQA,1", "pin medqa", "scale laptop", "plan", "accept", "summary",
    "publish data --repo-id a/b --profile open"])
def test_outside_the_repository_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ultramed: Ultramed, arguments: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = ultramed(*arguments.split())
    assert (code, out) == (1, "") and err == "ERROR params.yaml: is not here; run from the root of the repository\n"
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_in_params_is_one_line_everywhere(root: Path, ultramed: Ultramed) -> None:
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("seed: ", "seeed: "))
    for arguments in ("explain MedQA,1", "summary", "plan", "accept", "pin medqa", "scale laptop"):
        code, _, err = ultramed(*arguments.split())
        assert code == 1 and err.startswith("ERROR params.yaml: seeed: is unknown; did you mean seed?"), arguments
        assert err.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error(root: Path) -> None:
    command = f"{sys.executable} -m ultramed.cli doctor 2>errors | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], check=False)
    assert "Traceback" not in Path("errors").read_text() and ended.returncode in (0, 1)


def test_a_clone_runs_its_own_code_whatever_environment_is_active(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / "ultramed", clone / "ultramed", ignore=shutil.ignore_patterns("__pycache__"))
    (clone / "dvc.yaml").write_text("stages: {}\n")
    edited = clone / "ultramed/cli/__init__.py"
    edited.write_text(edited.read_text().replace("UltraMedical as a data", "Edited here"))
    script = tmp_path / "ultramed"
    script.write_text("from ultramed.cli import main\n\nmain()\n")  # as an installed script
    env = {k: v for k, v in os.environ.items() if k != "DVC_ROOT"} | {"PYTHONPATH": str(ROOT)}
    said = {folder: subprocess.run([sys.executable, script, "--help"], cwd=folder, env=env, text=True, check=True,
                                   capture_output=True).stdout for folder in (clone, tmp_path)}
    assert "Edited here" in said[clone] and "Edited here" not in said[tmp_path]
