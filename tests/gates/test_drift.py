"""Accepted figures, and what has moved since."""

import json
from pathlib import Path

import pytest
from world import World

from ultramed.cli.accept import write_baseline
from ultramed.errors import GateError, SourceError
from ultramed.gates.drift import drift
from ultramed.gates.gate import check, judge


def baseline(folder: Path, figures: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "laptop.json").write_text(json.dumps({"curated": figures}))


def test_without_a_baseline_nothing_drifts(tmp_path: Path) -> None:
    assert drift("curated", "laptop", {"rows": 10}, tmp_path) == []


def test_half_as_much_again_is_unremarkable_and_more_is_told(tmp_path: Path) -> None:
    baseline(tmp_path, {"rows": 100, "mean_score": 4.0, "mix": {"medqa": 0.5, "medquad": 0.5}})
    still = {"rows": 150, "mean_score": 2.0, "mix": {"medqa": 0.74, "medquad": 0.26}}
    moved = {"rows": 151, "mean_score": 1.9, "mix": {"medqa": 0.24, "wiki": 0.76}}

    assert drift("curated", "laptop", still, tmp_path) == []
    assert drift("curated", "laptop", moved, tmp_path) == [
        "mean_score is 1.9, accepted 4 (tolerance 50%)", "rows is 151, accepted 100 (tolerance 50%)",
        "share of medqa is 0.24, accepted 0.5 (tolerance 0.25)",
        "share of medquad is 0, accepted 0.5 (tolerance 0.25)", "share of wiki is 0.76, accepted 0 (tolerance 0.25)"]


def test_another_scale_has_its_own_baseline(tmp_path: Path) -> None:
    baseline(tmp_path, {"rows": 1})
    assert drift("curated", "paper", {"rows": 410_000}, tmp_path) == []


def test_a_damaged_baseline_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "laptop.json").write_text("{")
    with pytest.raises(SourceError, match="ultramed accept"):
        drift("curated", "laptop", {}, tmp_path)


def test_what_was_accepted_does_not_drift_and_a_change_warns_without_failing(world: World) -> None:
    check("scored", world.params, world.base)
    path = write_baseline("laptop", world.base)
    assert list(json.loads(path.read_text())) == ["scored"]
    check("scored", world.params, world.base)
    figures = world.base / "quality" / "scored.json"
    assert json.loads(figures.read_text())["drift"] == []

    for n in range(len(world.rows["scored", "", "rows"])):
        world.change("scored", "", "rows", n, score=1.0)
    world.write("scored")
    check("scored", world.params, world.base)
    assert [line.split(",")[0] for line in json.loads(figures.read_text())["drift"]] == ["mean_score is 1"]


def test_nothing_can_be_accepted_before_a_gate_has_passed(tmp_path: Path) -> None:
    with pytest.raises(GateError, match="dvc repro"):
        write_baseline("laptop", tmp_path)


def test_a_label_that_is_gone_is_told_however_small_it_was(tmp_path: Path) -> None:
    baseline(tmp_path, {"mix": {"medqa": 0.9, "medquad": 0.1}})
    assert drift("curated", "laptop", {"mix": {"medqa": 1.0}}, tmp_path) == [
        "share of medquad is 0, accepted 0.1 (tolerance 0.25)"]


def collected(world: World, keep: dict[str, int], **change: object) -> list[str]:
    """Failures of the gate after some sources have handed over their first rows only."""
    for name, count in keep.items():
        rows = world.rows["collected", name, "rows"][:count]
        verdicts = [v for v in world.rows["collected", name, "verdicts"] if not v.keep or v.id in {r.id for r in rows}]
        world.rows["collected", name, "rows"], world.rows["collected", name, "verdicts"] = rows, verdicts
    world.write("collected")
    source = world.params.sources["medquad"].model_copy(update=change)
    params = world.params.model_copy(update={"sources": {**world.params.sources, "medquad": source}})
    return judge("collected", params, world.base).failures


def test_a_source_that_hands_over_nothing_fails_the_gate(world: World) -> None:
    (line,) = collected(world, {"medquad": 0})
    assert line.startswith("sources: every source hands over at least one row") and "medquad (0)" in line


def test_a_source_that_has_shrunk_fails_the_gate_unless_its_limit_says_so(world: World) -> None:
    check("collected", world.params, world.base)
    write_baseline("laptop", world.base)
    size = len(world.rows["collected", "medquad", "rows"])
    assert size >= 4 and collected(world, {"medqa": size // 2 + 1}) == []

    (line,) = collected(world, {"medquad": 1})
    assert "no source has lost rows" in line and f"medquad ({round(1 / size, 2):g})" in line
    assert collected(world, {}, limit=1) == []


def test_how_far_a_source_may_shrink_is_a_threshold(world: World) -> None:
    check("collected", world.params, world.base)
    write_baseline("laptop", world.base)
    own = world.params.checks["collected"].model_copy(update={"least_of_accepted": 0.0})
    world.params = world.params.model_copy(update={"checks": {**world.params.checks, "collected": own}})
    assert collected(world, {"medquad": 1}) == []
