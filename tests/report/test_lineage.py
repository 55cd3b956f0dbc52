"""The story of a row, whatever happened to it."""

from pathlib import Path

import lineage_world
import pytest
from lineage_world import CHILD, GRANDCHILD
from oracle_endpoint import settings

from ultramed import paths
from ultramed.errors import UltramedError
from ultramed.report.lineage import tell


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("ULTRAMED_LEDGER", raising=False)
    lineage_world.write()


def test_a_kept_row_tells_its_whole_life() -> None:
    story = tell("MedQA,1", settings())
    assert [r["artifact"] for r in story.rows] == ["data/collected/medqa", "data/screened", "data/curated"]
    assert [(v["stage"], v["outcome"]) for v in story.verdicts] == [
        ("collect", "kept"), ("screen", "kept"), ("score", "kept"), ("curate", "kept"), ("complete", "kept"),
        ("candidates@careful", "kept"), ("candidates@brief", "kept"), ("judge", "kept"), ("pair", "kept"),
        ("release@open", "kept"), ("release@open", "dropped")]
    assert story.verdicts[-1]["id"] == "MedQA,1#careful>brief"  # one of its pairs is withheld
    assert [s["score"] for s in story.scores] == [5.5] and [s["split"] for s in story.split] == ["train"]
    assert [c["author"] for c in story.completions] == ["smollm2"]
    assert [c["author"] for c in story.candidates] == ["careful", "brief"]
    assert [(f["score"], f["rank"]) for f in story.feedback] == [(5, 1), (3, 2)]
    assert [(p["id"], p["label_type"]) for p in story.pairs] == [("MedQA,1#careful>brief", "easy")]
    assert [r["step"] for r in story.requests] == ["judge"]
    assert story.children == [CHILD] and story.parent is None


@pytest.mark.parametrize(("row_id", "stage", "outcome", "code", "rows"), [
    ("MedQA,9", "collect", "quarantined", "unreadable", 0),
    ("MedQA,5", "screen", "dropped", "near_duplicate", 1),
    ("MedQA,4", "curate", "quarantined", "no_score", 2),
    ("MedQA,2", "curate", "dropped", "low_score", 2),
    ("MedQA,3", "complete", "dropped", "key_mismatch", 3),
    ("MedQA-Evol,2-synthetic-1", "evolve", "dropped", "key_unverified", 0),
])
def test_a_row_that_went_says_where_and_why(row_id: str, stage: str, outcome: str, code: str, rows: int) -> None:
    story = tell(row_id, settings())
    last = story.verdicts[-1]
    assert (last["stage"], last["outcome"], last["code"]) == (stage, outcome, code) and last["reason"]
    assert len(story.rows) == rows and all(r["origin"] for r in story.rows)


def test_a_grandchild_shows_both_ancestors() -> None:
    story = tell(GRANDCHILD, settings())
    assert story.parent is not None and story.parent.parent is not None
    assert [story.parent.id, story.parent.parent.id] == [CHILD, "MedQA,1"]
    assert story.parent.parent.parent is None and story.parent.parent.rows[0]["origin"] == "train.jsonl:1"


@pytest.mark.parametrize("asked", ["MedQA,1@careful", "MedQA,1#careful>brief"])
def test_answers_and_pairs_lead_to_their_instruction(asked: str) -> None:
    assert tell(asked, settings()).id == "MedQA,1"


def test_requests_made_for_a_whole_subfield_belong_to_its_tasks() -> None:
    story = tell("WikiInstruct,Gene_reading_1_2", settings())
    assert [(r["step"], r["request_key"]) for r in story.requests] == [
        ("subfields", "k-subfields"), ("tasks", "k-tasks")]


def test_what_was_asked_and_answered_comes_from_the_ledger() -> None:
    asked = {r["request_key"]: r for r in tell(GRANDCHILD, settings()).requests}
    assert asked["k-2"]["asked"][-1] == {"role": "user", "content": "asked under k-2"}
    assert asked["k-2"]["reply"].startswith("steered") and "reply" not in asked["k-unknown"]
    (paths.ledger() / "ledger.sqlite").unlink()
    assert "reply" not in tell(GRANDCHILD, settings()).requests[0]
    assert not (paths.ledger() / "ledger.sqlite").exists()  # telling a story creates no ledger


@pytest.mark.parametrize(("unknown", "near"), [
    ("MedQA,77", "MedQA,1, MedQA,2, MedQA,3"), (f"{GRANDCHILD}9", GRANDCHILD)])
def test_an_unknown_id_names_ids_near_it(unknown: str, near: str) -> None:
    with pytest.raises(UltramedError) as caught:
        tell(unknown, settings())
    assert str(caught.value).startswith(f"{unknown}: is not a row any stage has seen; similar ids: ")
    assert near in str(caught.value) and "\n" not in str(caught.value)


def test_nothing_built_yet_is_said_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UltramedError, match="MedQA,1: is not a row any stage has seen; ids look like"):
        tell("MedQA,1", settings())
