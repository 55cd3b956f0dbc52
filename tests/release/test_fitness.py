import json
import subprocess
from pathlib import Path

import pytest

from ultramed.errors import PublishError
from ultramed.params import Check, Params
from ultramed.release.fitness import git_changes, head, open_gates


@pytest.fixture
def gated(settings: Params) -> Params:
    """One gate, passed for the files in dvc.lock."""
    gate = {"artifact": "curated", "success": True, "artifact_hash": "abc.dir", "failures": []}
    Path("quality").mkdir()
    Path("quality/curated.json").write_text(json.dumps(gate))
    lock = {"stages": {"check-curated": {"deps": [{"path": "stages/check.py", "md5": "x"},
                                                  {"path": "data/curated", "md5": "abc.dir"}]}}}
    Path("dvc.lock").write_text(json.dumps(lock))
    return settings.model_copy(update={"checks": {"curated": Check(min_rows=0)}})


def spoil(**changes: object) -> None:
    path = Path("quality/curated.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_gate_that_passed_for_the_locked_files_is_closed(gated: Params) -> None:
    assert open_gates(gated) == []


@pytest.mark.parametrize(("changes", "words"), [
    ({"success": False, "failures": ["a", "b"]}, "did not pass: 2 expectation(s) failed"),
    ({"artifact_hash": "other.dir"}, "checked data/curated as other.dir, dvc.lock has abc.dir"),
    ({"success": "true"}, "did not pass"),
])
def test_a_gate_that_proves_nothing_is_open(gated: Params, changes: dict, words: str) -> None:
    spoil(**changes)
    refusal, = open_gates(gated)
    assert words in str(refusal)
    assert "dvc repro check-curated" in str(refusal)


def test_a_gate_that_never_ran_is_open(gated: Params) -> None:
    Path("quality/curated.json").unlink()
    assert "the gate has not run" in str(open_gates(gated)[0])


def test_a_gate_without_a_lock_is_open(gated: Params) -> None:
    Path("dvc.lock").unlink()
    assert "dvc.lock has None" in str(open_gates(gated)[0])


def test_uncommitted_files_are_listed(settings: Params) -> None:
    assert "not a git repository" in str(git_changes()[0])
    subprocess.run(["git", "init", "-q"], check=True)
    assert "not committed; commit first" in str(git_changes()[0])
    with pytest.raises(PublishError, match="has no commit here"):
        head()
