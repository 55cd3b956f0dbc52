"""Every worktree of a repository has the same ledger; a clone, a submodule and a folder without Git have their own."""

import subprocess
from pathlib import Path

import pytest

from ultramed import paths


def git(folder: Path, *words: str) -> None:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *settings, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture(params=["", "project"], ids=["at the top", "in a subfolder"])
def main(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder in a committed repository."""
    for name in ("DVC_ROOT", "ULTRAMED_LEDGER"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "main" / request.param
    folder.mkdir(parents=True)
    (folder / "dvc.yaml").touch()
    git(tmp_path / "main", "init", "-q")
    git(tmp_path / "main", "add", "-A")
    git(tmp_path / "main", "commit", "-qm", "x")
    return folder


def ledger(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return paths.ledger()


def test_worktrees_share_the_ledger_of_the_main_one(
    main: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = tmp_path / "main"
    git(top, "worktree", "add", "-q", "../tree")
    tree = tmp_path / "tree" / main.relative_to(top)
    assert ledger(main, monkeypatch) == main / ".ultramed/ledger"
    assert ledger(tree, monkeypatch) == main / ".ultramed/ledger"
    assert paths.worktrees() == [main, tree] and paths.root() == tree
    monkeypatch.chdir(main)
    assert paths.worktrees() == [main, tree]
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "mine"))
    assert paths.ledger() == tmp_path / "mine"


def test_worktrees_of_a_bare_repository_share_one_too(
    main: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "clone", "-q", "--bare", "main", "bare.git")
    place = main.relative_to(tmp_path / "main")
    for name in ("one", "two"):
        git(tmp_path / "bare.git", "worktree", "add", "-q", "-b", name, f"../{name}")
        assert ledger(tmp_path / name / place, monkeypatch) == tmp_path / "bare.git" / place / ".ultramed/ledger"


def test_a_clone_a_submodule_and_a_plain_folder_have_their_own(
    main: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = main.relative_to(tmp_path / "main")
    git(tmp_path, "clone", "-q", "main", "clone")
    git(tmp_path / "clone", "submodule", "add", "-q", str(tmp_path / "main"), "inner")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/dvc.yaml").touch()
    for folder in (tmp_path / "clone" / place, tmp_path / "clone/inner" / place, tmp_path / "plain"):
        assert ledger(folder, monkeypatch) == folder / ".ultramed/ledger"
        assert paths.worktrees() == [folder]


def test_a_worktree_that_was_removed_is_left_out(main: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(tmp_path / "main", "worktree", "add", "-q", "../tree")
    (tmp_path / "tree").rename(tmp_path / "elsewhere")
    monkeypatch.chdir(main)
    assert paths.worktrees() == [main]
