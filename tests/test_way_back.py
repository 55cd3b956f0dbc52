"""README's way back from an experiment, after one that was interrupted: DVC had staged its changes by then."""

import re
import subprocess
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
FILES = ("params.yaml", "dvc.lock", "metrics.json", "results.json", "quality/curated.json")


def git(folder: Path, *words: str) -> str:
    named = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    return subprocess.run(["git", *named, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def write(folder: Path, text: str) -> None:
    for name in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


def test_staged_changes_go_back_too(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, "committed\n")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "x")
    write(tmp_path, "experiment\n")
    git(tmp_path, "add", "-A")
    write(tmp_path, "cut by a kill\n")
    (back,) = re.findall(r"^git restore .*$", README.read_text(), re.MULTILINE)
    subprocess.run(back, shell=True, cwd=tmp_path, check=True)
    assert git(tmp_path, "status", "--porcelain") == ""
    assert {(tmp_path / name).read_text() for name in FILES} == {"committed\n"}
