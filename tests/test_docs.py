"""Every path, module and command that the documentation names exists."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer

from ultramed.cli import commands

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/ids-and-records.md")
# Made by a run, or examples of the user's own files.
MADE = ("data/", "models/", "reports/", "quality/", "ledger/", "dvc_plots/", "batches/", ".ultramed/", ".eval_results/",
        "training.json", "lineage.json", "utils.py")
FILE = re.compile(r"`((?:[\w.-]+/)+[\w.*<>-]*|[\w-]+\.(?:py|yaml|md|toml|json|lock))`")


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist(page: str) -> None:
    named = {path for path in FILE.findall((ROOT / page).read_text()) if "<" not in path and "…" not in path}
    assert named
    missing = [path for path in sorted(named) if not path.startswith(MADE) and not _exists(path)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_modules_that_are_run_exist(page: str) -> None:
    modules = set(re.findall(r"python -m ([\w.]+)", (ROOT / page).read_text())) - {"stages."}
    assert [m for m in sorted(modules) if find_spec(m.rstrip(".")) is None] == []


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    known = _commands()
    spans = re.findall(r"`(ultramed [^`]+)`", text) + re.findall(r"^(ultramed [^#\n]+)", text, re.MULTILINE)
    unknown = []
    for span in spans:
        words = [word for word in re.split(r"[\s|]+", span)[1:] if re.fullmatch(r"[a-z-]+", word)]
        below = known.get(words[0]) if words else []
        if below is None or (below and words[1:] and words[1] not in below):
            unknown.append(span)
    assert unknown == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_make_targets_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", (ROOT / page).read_text(), re.MULTILINE))
    assert named and named <= targets


def test_the_tree_in_the_readme_is_the_tree() -> None:
    block = (ROOT / "README.md").read_text().split("## Repository layout")[1].split("```")[1]
    paths, top = [], ""
    for line in filter(None, block.splitlines()):
        names = re.split(r"\s{2,}", line.strip())
        within = line.startswith("  ")
        for name in (n for n in names if re.fullmatch(r"[\w./-]+", n) and ("/" in n or "." in n)):
            top = top if within else name
            paths.append(f"{top}{name}" if within else name)
    assert len(paths) > 25
    assert [p for p in paths if not p.startswith(MADE) and not (ROOT / p).exists()] == []


def _exists(path: str) -> bool:
    """Whether a path exists as given, below one of the packages, or as a pattern."""
    folders = [ROOT, ROOT / "ultramed", ROOT / "tests", ROOT / "ultramed/prompts"]
    return any(list(folder.glob(path.rstrip("/"))) for folder in folders) or any(ROOT.glob(f"ultramed/**/{path}"))


def _commands() -> dict[str, list[str]]:
    """Commands of `ultramed` and the subcommands of each."""
    group = typer.main.get_command(commands)
    return {name: sorted(getattr(command, "commands", {})) for name, command in group.commands.items()}  # type: ignore[attr-defined]
