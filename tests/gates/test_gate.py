"""A gate writes two small files, or only a report."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from world import ROOT, World

from ultramed import paths
from ultramed.errors import GateError, ParamsError, SourceError
from ultramed.gates.gate import PASSED, check
from ultramed.records import drop


def written(base: Path, artifact: str) -> list[Path]:
    return [base / "quality" / f"{artifact}.json", base / "quality" / "tokens" / artifact]


def test_a_passed_gate_writes_figures_and_a_constant_token(world: World) -> None:
    check("screened", world.params, world.base)

    figures, token = written(world.base, "screened")
    assert token.read_text() == PASSED
    found = json.loads(figures.read_text())
    collected, screened = 7 * 17, 7 * 16  # seven sources of 17 rows, the last of each dropped
    dropped = found["counts"]["by_code"]["dropped"]
    assert found["counts"] == {
        "in": collected, "kept": screened, "dropped": 7, "quarantined": 0, "by_code": {"dropped": dropped}}
    assert sum(dropped.values()) == 7 and set(dropped) <= {"leak", "near_duplicate"}
    assert found["figures"]["rows"] == screened
    assert found["figures"]["share_kept"] == round(screened / collected, 4)
    assert found["figures"]["mix"]["medqa"] == round(1 / 7, 4)
    assert found["success"] is True and found["failures"] == [] and found["statistics"]["unsuccessful"] == 0
    assert figures.read_text() == json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def test_a_code_of_two_outcomes_is_counted_under_each(world: World) -> None:
    verdicts = world.rows["collected", "medquad", "verdicts"]
    world.rows["collected", "medquad", "verdicts"] = [
        *verdicts, drop("MedQuad,x", "collect", "broken_row", "it is empty"),
        drop("MedQuad,y", "collect", "broken_row", "it is empty")]
    world.write("collected")
    check("collected", world.params, world.base)
    found = json.loads((world.base / "quality" / "collected.json").read_text())["counts"]
    assert found["by_code"] == {"dropped": {"broken_row": 2}, "quarantined": {"broken_row": 7}}
    assert found["parts"]["medquad"] == {"in": 17 + 1 + 2, "kept": 17, "dropped": 2, "quarantined": 1}


def test_replies_are_counted_by_what_could_be_made_of_them(world: World) -> None:
    uses = world.rows["judged", "", "manifest"]
    world.rows["judged", "", "manifest"] = [replace(u, outcome="truncated") for u in uses[:2]] + uses[2:]
    world.write("judged")
    check("judged", world.params, world.base)
    found = json.loads((world.base / "quality" / "judged.json").read_text())["counts"]
    assert found["replies"] == {"ok": len(uses) - 2, "truncated": 2}


def test_the_same_artifact_gives_the_same_bytes(world: World) -> None:
    texts = []
    for _ in range(2):
        check("paired", world.params, world.base)
        texts.append([p.read_bytes() for p in written(world.base, "paired")])
    assert texts[0] == texts[1]


def test_a_failed_gate_keeps_its_report_and_nothing_in_quality(world: World) -> None:
    check("split", world.params, world.base)
    world.change("split", "", "rows", 3, split="validation")
    world.write("split")

    with pytest.raises(GateError) as caught:
        check("split", world.params, world.base)

    lines = str(caught.value).splitlines()
    assert lines[0].startswith("gate 'split': ") and " of 14 expectations do not hold" in lines[0]
    row = world.rows["split", "", "rows"][3].id
    expected, observed = "expected train or dev or test", "observed 1 of 169 rows otherwise"
    assert f"  - rows: splits are known: {expected}, {observed}, such as {row} (validation)" in lines
    report = Path(lines[-1].removeprefix("; the report is "))
    assert report.is_relative_to(paths.home() / "quality") and report.name == "report.html"
    page = report.read_text()
    assert f"such as {row} (validation)" in page and "://" not in page  # loads nothing from the network
    assert (report.parent / "index.html").exists()
    assert "splits are known" in (report.parent / "validation.json").read_text()
    assert any(p.suffix == ".html" for p in (report.parent / "validations").rglob("*"))
    assert not any(p.exists() for p in written(world.base, "split"))


def test_too_few_rows_fail(world: World) -> None:
    checks = world.params.checks | {"split": world.params.checks["split"].model_copy(update={"min_rows": 170})}
    with pytest.raises(GateError, match="there are enough rows: expected at least 170, observed 169"):
        check("split", world.params.model_copy(update={"checks": checks}), world.base)


def test_an_unknown_artifact_is_refused_with_the_known_ones(world: World) -> None:
    with pytest.raises(ParamsError, match="expected one of collected, screened"):
        check("screend", world.params, world.base)


def test_a_missing_artifact_is_one_clear_line(world: World) -> None:
    for file in (world.base / "data" / "split").iterdir():
        file.unlink()
    with pytest.raises(SourceError, match="dvc repro"):
        check("split", world.params, world.base)


@pytest.mark.parametrize(("broken", "code"), [(False, 0), (True, 1)])
def test_the_stage_says_nothing_when_it_passes_and_exits_1_when_it_fails(
    world: World, broken: bool, code: int
) -> None:
    if broken:
        world.change("split", "", "rows", 0, family="")
        world.write("split")
    with open(world.base / "params.yaml", "w", encoding="utf-8") as file:
        YAML().dump(world.params.model_dump(), file)
    done = subprocess.run(
        [sys.executable, "-m", "stages.check", "split"], cwd=world.base, capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)})

    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr == "" if not broken else done.stderr.startswith("ERROR gate 'split': 1 of 14 expectations")
    assert (world.base / "quality" / "tokens" / "split").exists() is not broken
