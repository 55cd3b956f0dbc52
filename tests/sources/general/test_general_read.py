"""General-domain sets under their names, and the sample with its planted dirt."""

import json
from pathlib import Path
from typing import Any

import pytest

from ultramed import params
from ultramed.records import Example, Message, Preference
from ultramed.sources.general_sets import load, record
from ultramed.sources.raw import Broken

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "data/raw/sample"
SETS = params.load(ROOT / "params.yaml").general
PLANTED = json.loads((ROOT / "tests/data/planted/general.json").read_text())
SET_ASIDE = {"broken_row": "quarantined", "tie": "dropped"}  # what a reader can see; screening finds the others


def sample(form: str) -> list[Example | Preference | Broken]:
    return list(load(form, SETS[form], SAMPLE / form))


def renamed(form: str, prefix: str) -> params.GeneralSet:
    return SETS[form].model_copy(update={"prefix": prefix})


def planted(kind: str) -> list[dict[str, Any]]:
    return [p for p in PLANTED if p["kind"] == kind]


def question(form: str, key: str) -> str:
    """The first user turn of a row of the sample."""
    (row,) = (r for r in sample(form) if not isinstance(r, Broken) and r.id == f"{SETS[form].prefix},{key}")
    return next(m.content for m in row.messages if m.role == "user")


def test_load_fills_name_ids_and_rights(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"question": "Why?", "answer": "So."}\n{"question": "Why?"}')
    row, broken = load("sums", renamed("orca_math", "Sums"), tmp_path)
    turns = [Message("user", "Why?"), Message("assistant", "So.")]
    assert row == Example("Sums,0", "sums", turns, "Sums,0", "research")
    assert broken == Broken("1", "train.jsonl:2", "missing_field", "field 'answer' is missing, text expected")


def test_a_limit_draws_a_sample(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text('{"question": "Why?", "answer": "So."}\n' * 100)
    own = renamed("orca_math", "Sums").model_copy(update={"limit": 10})
    drawn = [r.id for r in load("sums", own, tmp_path, 1) if isinstance(r, Example)]
    assert len(drawn) == 10 and drawn != [f"Sums,{n}" for n in range(10)]
    assert drawn == [r.id for r in load("sums", own, tmp_path, 1) if isinstance(r, Example)]


def test_load_fills_preferences(tmp_path: Path) -> None:
    row = {"id": "a", "trajectory": [{"from": "user", "value": "Why?"}], "chosen": "So.", "rejected": "No."}
    (tmp_path / "pairs.json").write_text(json.dumps([row, row]))
    found, again = load("logic", renamed("ultrainteract", "Logic"), tmp_path)
    turns = [Message("user", "Why?")]
    assert found == Preference("Logic,a", "logic", turns, "So.", "No.", None, "", "Logic,a", "research")
    assert isinstance(again, Broken) and (again.key, again.code) == ("a#2", "duplicate_key")


@pytest.mark.parametrize("form", list(SETS))
def test_the_sample_is_of_its_kind_and_only_planted_rows_are_set_aside(form: str) -> None:
    rows = sample(form)
    assert len(rows) == 12
    assert all(isinstance(r, record(SETS[form]) | Broken) for r in rows)
    assert (record(SETS[form]) is Preference) == (form in ("ultrafeedback", "ultrainteract", "ultrasafety"))
    here = [p for p in PLANTED if p["source"] == form]
    aside = {p["key"]: (f"{Path(p['file']).name}:{p['line']}", SET_ASIDE[p["kind"]]) for p in here
             if p["kind"] in SET_ASIDE}
    assert {r.key: (r.origin, r.outcome) for r in rows if isinstance(r, Broken)} == aside
    assert {f"{SETS[form].prefix},{p['key']}" for p in here if p["key"] not in aside} <= {
        r.id for r in rows if not isinstance(r, Broken)}


@pytest.mark.parametrize("form", list(SETS))
def test_the_sample_is_short(form: str) -> None:
    """It trains a small model on sequences of 256 tokens; a word is about 1.5 tokens, in code up to 3."""
    for row in (r for r in sample(form) if not isinstance(r, Broken)):
        answers = [m.content for m in row.messages if m.role == "assistant"]
        answers += [row.chosen, row.rejected] if isinstance(row, Preference) else []
        assert max(len(a.split()) for a in answers) <= 60, row.id
        assert sum(len(m.content.split()) for m in row.messages) <= 120, row.id


def test_the_planted_leak_and_duplicate_repeat_their_originals() -> None:
    (leak,), (twin,) = planted("leak"), planted("exact_duplicate")
    name, _, line = leak["of"].partition(":")
    items = (SAMPLE / name / "test.jsonl").read_text().splitlines()
    assert question(leak["source"], leak["key"]) == json.loads(items[int(line) - 1])["question"]
    assert question(twin["source"], twin["key"]) == question(*twin["of"].split(":"))


def test_the_planted_user_turn_is_cut() -> None:
    (entry,) = planted("trailing_user_turn")
    raw = json.loads((SAMPLE / entry["file"]).read_text().splitlines()[entry["line"] - 1])["conversations"]
    (row,) = (r for r in sample(entry["source"]) if isinstance(r, Example) and r.id.endswith(entry["key"]))
    assert raw[-1]["from"] == "human" and row.messages[-1].role == "assistant"
    assert [m.content for m in row.messages] == [turn["value"] for turn in raw[:-1]]
