"""`ultramed explain` in a terminal: the full history, long texts cut, and no terminal control characters."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import lineage_world
import pytest
from lineage_world import CHILD, GRANDCHILD

from ultramed import tables
from ultramed.records import Prediction, Use

Ultramed = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.delenv("ULTRAMED_LEDGER", raising=False)
    shutil.copy(Path(__file__).parents[2] / "params.yaml", tmp_path)
    lineage_world.write()


def test_a_kept_row(ultramed: Ultramed) -> None:
    code, out, err = ultramed("explain", "MedQA,1")
    assert (code, err) == (0, "")
    for part in ("■ MedQA,1\n", "train.jsonl:1\n", "question   Which electrolyte falls in case 1?",
                 "option     B. Potassium", "key        B", "score      5.5 by logprob", "split      train",
                 "completion by smollm2 Potassium falls.", "score 5, rank 1, shown 1",
                 "pair       MedQA,1#careful>brief  margin 2  easy  train", f"children   {CHILD}",
                 "smollm2 allows 'recipe', and profile 'open' carries open"):
        assert part in out, part
    assert "… (508 characters, --full shows all)" in out and "x" * 500 not in out
    assert "x" * 500 in ultramed("explain", "MedQA,1", "--full")[1]


@pytest.mark.parametrize(("row_id", "reason"), [
    ("MedQA,9", "train.jsonl:9: holds no object"), ("MedQA,5", "0.95 similar to MedQA,1; dedup.threshold is 0.8"),
    ("MedQA,2", "score 2; curate.min_score.medqa is 3.2"), ("MedQA,3", "attempt 2: chose A, the key is B"),
    ("MedQA,4", "the row has 0 scores, 1 expected"), ("MedQA-Evol,2-synthetic-1", "0 of 3 solvers found the key B"),
])
def test_a_row_that_went(ultramed: Ultramed, row_id: str, reason: str) -> None:
    code, out, _ = ultramed("explain", row_id)
    assert code == 0 and reason in out.splitlines()[-1]


@pytest.mark.parametrize(("row_id", "raw"), [("MedQA,2", '{"question": "line 2"}'), ("MedQA,9", '["line 9", "[2J"]')])
def test_the_raw_line_as_it_stands(ultramed: Ultramed, row_id: str, raw: str) -> None:
    assert f"■ {row_id}\n  raw        {raw}\n" in ultramed("explain", row_id)[1]


def test_a_grandchild_begins_with_its_oldest_ancestor(ultramed: Ultramed) -> None:
    out = ultramed("explain", GRANDCHILD)[1]
    assert [line for line in out.splitlines() if line.startswith(("■", "  ↓"))] == [
        "■ MedQA,1", "  ↓", f"■ {CHILD}", "  ↓", f"■ {GRANDCHILD}"]
    assert f"parent {CHILD}, round 2" in out and "asked under k-1" in out and "an evolved question" in out
    assert "its text is not in this machine's ledger" in out


@pytest.mark.parametrize("row_id", [GRANDCHILD, "MedQA,1"])
def test_nothing_in_a_reply_steers_the_terminal(ultramed: Ultramed, row_id: str) -> None:
    out = ultramed("explain", row_id, "--full")[1]
    assert "[2J31mred back  end" in out  # the rest remains as plain text
    assert not [c for c in out if not (c.isprintable() or c == "\n")]
    printed = ultramed("explain", row_id, "--json")[1]
    assert printed.isascii() and not [c for c in printed if not (c.isprintable() or c == "\n")]


def test_json_holds_everything(ultramed: Ultramed) -> None:
    code, out, _ = ultramed("explain", GRANDCHILD, "--json")
    story = json.loads(out)
    assert code == 0 and story["id"] == GRANDCHILD and story["parent"]["parent"]["id"] == "MedQA,1"
    assert story["requests"][0]["reply"] == f"steered {lineage_world.STEERING}"
    assert json.loads(ultramed("explain", "MedQA,1#careful>brief", "--json")[1])["pairs"][0]["label_type"] == "easy"


def test_an_unknown_id_is_one_line(ultramed: Ultramed) -> None:
    code, out, err = ultramed("explain", "MedQA,77")
    assert (code, out) == (1, "") and len(err.splitlines()) == 1
    assert err.startswith("ERROR MedQA,77: is not a row any stage has seen; similar ids: MedQA,1, MedQA,2, MedQA,3;")


@pytest.mark.parametrize(("part", "line"), [
    ("MedQA,1@careful", "▶ candidate by careful "), ("MedQA,1#careful>brief", "▶ pair       MedQA,1#careful>brief "),
])
def test_the_answer_or_pair_that_was_asked_for_is_marked(ultramed: Ultramed, part: str, line: str) -> None:
    out = ultramed("explain", part)[1]
    assert [shown for shown in out.splitlines() if "▶" in shown] == [s for s in out.splitlines() if s.startswith(line)]
    assert out.count("▶") == 1 and "▶" not in ultramed("explain", "MedQA,1")[1]


def test_an_answer_that_the_row_does_not_have_is_one_line(ultramed: Ultramed) -> None:
    code, out, err = ultramed("explain", "MedQA,1@nobody")
    assert (code, out) == (1, "")
    assert err.startswith("ERROR MedQA,1@nobody: is no answer or pair of MedQA,1; it has MedQA,1@")


def test_a_policys_answer_to_a_benchmark_item(ultramed: Ultramed) -> None:
    answer = Prediction("mmlu,anatomy_test/3@sft", "mmlu,anatomy_test/3", "mmlu_anatomy", "sft", "greedy", "B", "C",
                        "answered", "The femur. So C.", False)
    with tables.artifact("data/evaluated/sft") as folder:
        tables.write(folder, "rows", Prediction, [answer])
        tables.write(folder, "manifest", Use, [lineage_world.use("mmlu,anatomy_test/3", "greedy", "k-9")])
    for asked in ("mmlu,anatomy_test/3@sft", "mmlu,anatomy_test/3"):
        code, out, _ = ultramed("explain", asked)
        assert code == 0 and "sft (greedy): C, key B The femur. So C." in out and "    greedy " in out
        assert ("▶ sft (greedy)" in out) == ("@" in asked)


def test_another_case_finds_similar_ids_and_an_empty_id_none(ultramed: Ultramed) -> None:
    assert "similar ids: MedQA,1, " in ultramed("explain", "medqa,77")[2]
    assert "similar" not in ultramed("explain", "")[2]
