"""dvc.lock as committed: it names the code, the params and the sample as they are, so a fresh build changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def changed() -> dict[str, list[str]]:
    """Stage to the tracked dependencies, params and commands that differ from its entry in dvc.lock."""
    env = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    told = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], cwd=ROOT, env=env, capture_output=True,
                          text=True, check=True).stdout
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tracked = {str(path) for name in listed.splitlines() for path in (Path(name), *Path(name).parents)}
    moved: dict[str, list[str]] = {}
    for stage, changes in json.loads(told).items():
        for change in changes:
            if change == "changed command":
                moved.setdefault(stage, []).append(change)
            elif "changed deps" in change:
                differ = [path for path, how in change["changed deps"].items()
                          if path in tracked and how != "deleted"]
                moved.setdefault(stage, []).extend(differ)
    return {stage: paths for stage, paths in moved.items() if paths}


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository: DVC and Git say what is tracked")
def test_the_lock_names_the_code_the_params_and_the_sample_as_they_are() -> None:
    assert changed() == {}, "run `dvc repro` and commit dvc.lock with what it changed"
