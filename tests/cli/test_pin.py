"""`ultramed pin` changes pins in params.yaml and nothing else."""

import difflib
import hashlib
import re
import shutil
from pathlib import Path

import pytest
import typer
from ruamel.yaml import YAML
from typer.testing import CliRunner

from ultramed import params
from ultramed.cli.pin import pin, rewritten
from ultramed.errors import ParamsError, SourceError

ROOT = Path(__file__).parents[2]
DIGITS = "123456789012345678901234567890e1234567890123456789012345678901234"[:64]  # a number in YAML, unless quoted


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the project's params, without pins, and its sample data."""
    text = (ROOT / "params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(re.sub(r"sha256: '[0-9a-f]*'", "sha256: ''", text))
    shutil.copytree(ROOT / "data/raw/sample", tmp_path / "data/raw/sample")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tmp_path


def changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def test_one_name_changes_one_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("params.yaml").read_text()
    pin(["medqa"])
    digest = hashlib.sha256(Path("data/raw/sample/medqa/train.jsonl").read_bytes()).hexdigest()
    assert changed(before, Path("params.yaml").read_text()) == [
        "-     sha256: ''", f"+     sha256: '{digest}'"]
    assert capsys.readouterr().out == f"raw.medqa: sha256 {digest}, was empty\n"


def test_all_changes_only_pins_and_twice_changes_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("params.yaml").read_text()
    pin(all_=True)
    after = Path("params.yaml").read_text()
    settings = params.load()
    entries = list(settings.pins.values())
    assert all(re.fullmatch("[0-9a-f]{64}", e.sha256 or "") for e in entries)
    assert re.sub(r"sha256: '[0-9a-f]{64}'", "sha256: ''", after) == before
    capsys.readouterr()
    pin(all_=True)
    assert Path("params.yaml").read_text() == after
    assert capsys.readouterr().out.count(", unchanged\n") == len(entries)


def test_as_a_command(root: Path) -> None:
    app = typer.Typer()
    app.command()(pin)
    result = CliRunner().invoke(app, ["medqa", "mmlu"])
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.output.splitlines()] == ["raw.medqa", "benchmarks.mmlu"]
    assert "--all" in CliRunner().invoke(app, ["--help"]).output


def test_pins_go_into_the_section_that_has_the_name(root: Path) -> None:
    pin(["mmlu", "general.ultrachat", "raw.medqa"])
    pinned = {place: entry for place, entry in params.load(Path("params.yaml")).pins.items() if entry.sha256}
    assert sorted(pinned) == [("benchmarks", "mmlu"), ("general", "ultrachat"), ("raw", "medqa")]


def test_a_name_in_two_sections_is_refused_until_its_section_is_named(root: Path) -> None:
    text = Path("params.yaml").read_text()
    extra = "\n  medqa:\n    location: data/raw/sample/medqa_test/test.jsonl\n    sha256: ''\n    format: medqa\n"
    Path("params.yaml").write_text(text.replace("\n  medqa_test:\n", extra + "  medqa_test:\n"))
    with pytest.raises(ParamsError, match=r"'medqa' could be raw\.medqa and benchmarks\.medqa; include the"):
        pin(["medqa"])
    pin(["benchmarks.medqa"])
    settings = params.load(Path("params.yaml"))
    assert settings.benchmarks["medqa"].sha256 and not settings.raw["medqa"].sha256


@pytest.mark.parametrize("section", ["benchmarks", "general"])
def test_a_location_in_a_group_that_fetch_replaces_is_refused(root: Path, section: str) -> None:
    shutil.copytree("data/raw/sample/mmlu", f"data/raw/{section}/mmlu")
    name = {"benchmarks": "mmlu", "general": "ultrachat"}[section]
    text = Path("params.yaml").read_text()
    old = {"mmlu": "data/raw/sample/mmlu", "ultrachat": "data/raw/sample/ultrachat/train_sft.jsonl"}[name]
    Path("params.yaml").write_text(text.replace(old, f"data/raw/{section}/mmlu"))
    with pytest.raises(SourceError, match=f"overlaps data/raw/{section}, which this stage replaces"):
        pin([name])


@pytest.mark.parametrize(("names", "said"), [
    (["medqqa"], "'medqqa' is in none of raw, benchmarks, general and models.local; expected medqa, "),
    ([], "no name given"),
])
def test_unknown_names_are_refused(root: Path, names: list[str], said: str) -> None:
    with pytest.raises(ParamsError, match=said):
        pin(names)


def test_a_failure_leaves_params_alone(root: Path) -> None:
    shutil.rmtree("data/raw/sample/mmlu")
    before = Path("params.yaml").read_text()
    with pytest.raises(SourceError, match="mmlu: data/raw/sample/mmlu: does not exist"):
        pin(["medqa", "mmlu"])
    assert Path("params.yaml").read_text() == before


def test_a_location_that_fetch_replaces_is_refused(root: Path) -> None:
    shutil.copytree("data/raw/sample/medqa", "data/raw/medqa")
    text = Path("params.yaml").read_text().replace("data/raw/sample/medqa/train", "data/raw/medqa/train")
    Path("params.yaml").write_text(text)
    with pytest.raises(SourceError, match="overlaps data/raw/medqa, which this stage replaces"):
        pin(["medqa"])


@pytest.mark.parametrize("value", [DIGITS, "0" * 64, "true", "1e5"])
def test_a_pin_is_text_whatever_it_looks_like(value: str) -> None:
    text = rewritten("raw: {a: {location: x}} # note\n", {("raw", "a"): ("sha256", value)})
    assert YAML(typ="safe").load(text) == {"raw": {"a": {"location": "x", "sha256": value}}}
    assert text.endswith("# note\n")


def test_a_new_kind_of_location_gets_its_own_kind_of_pin() -> None:
    text = "raw:\n  a:\n    location: hf://datasets/o/n\n    sha256: 'old' # of a file\n\nnext: 1 # one\n"
    after = rewritten(text, {("raw", "a"): ("revision", "f" * 40)})
    tree = YAML(typ="safe").load(after)
    assert tree == {"raw": {"a": {"location": "hf://datasets/o/n", "revision": "f" * 40}}, "next": 1}
    assert after.endswith("next: 1 # one\n")
