"""Summary figures match the artifacts' verdicts and manifests."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner
from world import World

from ultramed.artifacts import SCORED, of_chapter
from ultramed.gates.store import Store
from ultramed.report import summary

DATA, WALK = ([a.name for a in of_chapter(*chapters)] for chapters in (("data",), ("data", "training")))


def test_metrics_count_what_was_built(world: World) -> None:
    rows = world.rows
    everything = sum(len(rows[a, p, "rows"]) for a, p, t in rows
                     if (a, t) in (("screened", "rows"), ("synthetic", "rows"), ("evolved", "rows")))
    verdicts = [v for (artifact, _, table), found in rows.items() for v in found
                if table == "verdicts" and artifact in DATA]
    uses = {u.request_key: u for (artifact, _, table), found in rows.items() for u in found
            if table == "manifest" and artifact in DATA}

    found = summary.metrics(Store(world.params, world.base))

    assert found == {
        "instructions": len(rows["curated", "", "rows"]),
        "retained_share": round(len(rows["curated", "", "rows"]) / everything, 4),
        "completed": len(rows["completed", "", "rows"]),
        "contested": sum(v.code == "contested" for v in rows["completed", "", "verdicts"]),
        "candidates": sum(len(rows["candidates", m, "rows"]) for m in world.params.candidates.authors),
        "judged": len({f.instruction_id for f in rows["judged", "", "rows"]}),
        "pairs": len(rows["paired", "", "rows"]), "selected": len(rows["paired", "", "selected"]),
        "dropped": sum(v.outcome == "dropped" for v in verdicts),
        "quarantined": sum(v.outcome == "quarantined" for v in verdicts),
        "generated_tokens": sum(u.completion_tokens for u in uses.values()), "price_usd": 0.0}
    assert found["dropped"] > 0 and found["quarantined"] > 0 and found["contested"] > 0


def test_a_reply_used_twice_is_paid_once(world: World) -> None:
    uses = world.rows["scored", "", "manifest"]
    world.rows["scored", "", "manifest"] = [replace(uses[0], request_key="k", price_usd=0.25, completion_tokens=7)] * 3
    world.write("scored")
    spent = summary.spent(Store(world.params, world.base), [SCORED])
    assert spent == {"requests": 1, "prompt_tokens": uses[0].prompt_tokens, "completion_tokens": 7, "price_usd": 0.25}


def test_the_metrics_file_is_flat_small_and_the_same_each_time(world: World) -> None:
    path = world.base / "metrics.json"
    texts = []
    for _ in range(2):
        summary.write(world.params, world.base)
        texts.append(path.read_text())
    assert texts[0] == texts[1]
    found = json.loads(texts[0])
    assert len(found) <= 12 and all(isinstance(v, int | float) for v in found.values())


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_tells_what_was_held_back_and_why(
    world: World, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer
    from ruamel.yaml import YAML

    from ultramed.cli.summary import summary as command

    monkeypatch.chdir(world.base)
    monkeypatch.setenv("COLUMNS", "200")
    with open("params.yaml", "w", encoding="utf-8") as file:
        YAML().dump(world.params.model_dump(), file)
    Path("reports").mkdir()
    Path("reports/index.html").touch()
    app = typer.Typer()
    app.command()(command)

    done = CliRunner().invoke(app, ["--json"] if as_json else [])

    assert done.exit_code == 0, done.output
    if as_json:
        stages = {s["artifact"]: s for s in json.loads(done.output)["stages"]}
        assert list(stages) == WALK
        assert all(s["handed"] == s["kept"] + s["dropped"] + s["quarantined"] for s in stages.values())
        assert stages["collected"]["reasons"] == {"quarantined": {"broken_row": 7}}  # one per source
    else:
        assert "broken_row 7" in done.output and "reports/index.html" in done.output
        assert "out of date" not in done.output


def test_what_is_not_there_yet_has_no_line(world: World) -> None:
    for file in (world.base / "data" / "judged").iterdir():
        file.unlink()
    found = [line.artifact for line in summary.lines(Store(world.params, world.base))]
    assert found == WALK[: WALK.index("judged")]
