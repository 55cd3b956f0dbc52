"""The params that gates and the report look at are declared in dvc.yaml, so that a changed one is noticed."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
SUITES = sorted((ROOT / "ultramed/gates/suites").glob("[!_]*.py"))
DERIVED = {"prefixes": "sources", "ours": "models", "model": "models"}  # properties, by the section they are made of


def looked_at(*files: Path) -> set[str]:
    """Sections of params that these files name."""
    names = {name for file in files for name in re.findall(r"\bparams\.([a-z_]+)", file.read_text())}
    return {DERIVED.get(name, name) for name in names}


def declared(stage: str) -> set[str]:
    return {name.split(".")[0] for name in STAGES[stage]["params"]}


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.stem)
def test_a_gate_declares_the_params_of_its_suite(suite: Path) -> None:
    assert looked_at(suite) <= declared(f"check-{suite.stem}")


def test_the_report_declares_its_params() -> None:
    assert looked_at(*(ROOT / "ultramed/report").glob("*.py")) - {"get"} <= declared("report")
