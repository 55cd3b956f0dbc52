"""What each artifact declares, and that it works as the path of its folder."""

import os
from pathlib import Path

import pytest

from ultramed import artifacts, params, synthetic, tables
from ultramed.artifacts import ARTIFACTS, CANDIDATES, COLLECTED, CURATED, SCORED, SPLIT, Artifact
from ultramed.errors import SourceError
from ultramed.gates import suites
from ultramed.records import Assignment, Instruction, Message, keep

SETTINGS = params.load(Path(__file__).parents[1] / "params.yaml")


def row(source: str) -> Instruction:
    return synthetic.SOURCES[source].instruction(f"{source},1", "What is it?", "open", "made")


def test_an_artifact_is_the_path_of_its_folder(tmp_path: Path) -> None:
    assert os.fspath(CURATED) == str(CURATED) == f"{CURATED.path}" == "data/curated"
    assert Path("data/collected/medqa") == COLLECTED / "medqa"
    assert tmp_path / CURATED == tmp_path / "data/curated"


@pytest.mark.parametrize("artifact", ARTIFACTS.values(), ids=str)
def test_what_was_handed_over_came_earlier(artifact: Artifact) -> None:
    order = list(ARTIFACTS)
    assert ARTIFACTS[artifact.name] is artifact
    assert all(order.index(a.name) < order.index(artifact.name) for a in (*artifact.handed, artifact.decided) if a)
    assert set(artifact.made) <= set(artifact.tables) or artifact.decided or "rows" not in artifact.tables


def test_every_check_in_params_is_the_gate_of_an_artifact() -> None:
    assert sorted(SETTINGS.checks) == sorted(suites.names())


def test_parts_are_named_by_the_params() -> None:
    assert list(CANDIDATES.folders(SETTINGS)) == SETTINGS.candidates.authors
    assert SCORED.folders(SETTINGS) == {"": Path("data/scored")}
    assert SPLIT.silent and not SCORED.silent and SCORED.asks and not CURATED.asks


def test_what_is_written_is_read_over_all_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    few = SETTINGS.model_copy(update={"sources": {n: SETTINGS.sources[n] for n in ("medquad", "medqa")}})
    for name, source in (("medqa", "textbookqa"), ("medquad", "wikiinstruct")):
        COLLECTED.write(name, rows=[row(source)], verdicts=[keep(f"{source},1", "collect")])
    assert [r.source for r in COLLECTED.read(few, Instruction)] == ["wikiinstruct", "textbookqa"]
    with pytest.raises(SourceError, match="data/collected/medmcqa"):
        list(COLLECTED.read(SETTINGS, Instruction))


def test_a_table_left_out_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    SPLIT.write(rows=[Assignment(id="a", family="a", split="dev")])
    with pytest.raises(TypeError, match="split has the tables rows; rows, verdicts were given"):
        SPLIT.write(rows=[], verdicts=[])
    assert tables.count(artifacts.SPLIT) == 1


def test_a_written_row_begins_a_family() -> None:
    made = row("wikiinstruct")
    assert (made.family, made.parent, made.round, made.synthetic) == ("wikiinstruct,1", None, 0, True)
    assert made.messages == [Message("user", "What is it?")] and not synthetic.WIKIINSTRUCT.keyed
