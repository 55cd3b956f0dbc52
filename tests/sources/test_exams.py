"""Readers of exam questions: MedQA, MedMCQA, PubMedQA."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed.params import Input
from ultramed.sources.formats import medmcqa, medqa, pubmedqa
from ultramed.sources.raw import Broken, RawRow, Row

ANY = Input(format="any")  # these formats have no settings
QUESTION = {"question": "Which drug?", "answer": "Naloxone", "options": {"A": "Naloxone", "B": "Atropine"},
            "meta_info": "step1", "answer_idx": "A", "metamap_phrases": ["drug"]}
ITEM = {"question": "Which nerve?", "exp": "From a textbook.", "cop": 2, "opa": "Ulnar", "opb": "Radial",
        "opc": "Median", "opd": "Axillary", "id": "x", "choice_type": "multi"}
ABSTRACT = {"QUESTION": "Does it help?", "CONTEXTS": ["It is common.", "We counted."],
            "LABELS": ["BACKGROUND", "METHODS"], "final_decision": "no", "LONG_ANSWER": "It did not."}


def one(module: Any, folder: Path, row: Any, name: str = "train.jsonl") -> Row:
    (folder / name).write_text(json.dumps(row))
    (found,) = module.read(folder, ANY)
    return found


def code(row: Row) -> str:
    return row.code if isinstance(row, Broken) else f"key {row.letter}"


def test_medqa_row(tmp_path: Path) -> None:
    row = one(medqa, tmp_path, QUESTION)
    assert isinstance(row, RawRow)
    assert (row.key, row.origin, row.question, row.letter) == ("0", "train.jsonl:1", "Which drug?", "A")
    assert [(o.letter, o.text) for o in row.options] == [("A", "Naloxone"), ("B", "Atropine")]


@pytest.mark.parametrize(("change", "expected"), [
    ({"answer_idx": "B", "answer": "Atropine"}, "key B"),
    ({"answer_idx": "", "answer": "Atropine"}, "key B"),  # the text alone
    ({"answer_idx": "", "answer": ""}, "answer_missing"),
    ({"answer_idx": None, "answer": "Morphine"}, "answer_missing"),
    ({"answer_idx": "E"}, "key_out_of_range"),
    ({"answer_idx": "B", "answer": "Naloxone"}, "key_contradicts"),
    ({"options": {"A": "Naloxone", "B": " "}}, "empty_option"),
    ({"options": {"A": "Naloxone", "C": "Atropine"}}, "missing_field"),
    ({"options": {"A": "Naloxone"}}, "missing_field"),
    ({"options": None}, "missing_field"),
    ({"options": {"A": "Naloxone", "B": 5}}, "empty_option"),
    ({"question": ""}, "missing_field"),
    ({"question": 7}, "missing_field"),
    ({"question": "half \ud83d a character"}, "bad_encoding"),
    ({"answer_idx": None, "answer": "Atropine", "options": ["A. Naloxone", "B. Atropine"]}, "key B"),
    ({"answer_idx": None, "answer": "B. Atropine", "options": ["A. Naloxone", "B. Atropine"]}, "key B"),
    ({"answer_idx": None, "answer": "A. fumigatus", "options": ["A. niger", "A. fumigatus"]}, "key B"),
    ({"answer_idx": None, "answer": "x", "options": ["A. x", "B. x"]}, "answer_missing"),
])
def test_medqa_variants(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    assert code(one(medqa, tmp_path, QUESTION | change)) == expected


def test_medqa_repacked_list_loses_only_the_letters(tmp_path: Path) -> None:
    row = one(medqa, tmp_path, [{"question": "Q?", "options": ["A. one", "B. two", "C. three", "D. four", "E. five"],
                                 "answer": "five"}], "dev.json")
    assert isinstance(row, RawRow)
    assert [o.text for o in row.options] == ["one", "two", "three", "four", "five"]
    assert row.letter == "E"


def test_medmcqa_row_leaves_the_explanation_behind(tmp_path: Path) -> None:
    row = one(medmcqa, tmp_path, ITEM, "train.json")
    assert isinstance(row, RawRow)
    assert (row.key, row.letter, row.reference) == ("0", "B", None)  # cop 2, counted from 1
    assert "textbook" not in repr(row)


@pytest.mark.parametrize(("cop", "expected"), [
    (1, "key A"), (4, "key D"), ("3", "key C"), (0, "answer_missing"), (None, "answer_missing"), ("", "answer_missing"),
    (5, "key_out_of_range"), (-1, "key_out_of_range"), (True, "key_out_of_range"), (2.0, "key_out_of_range"),
    ("²", "key_out_of_range"),
])
def test_medmcqa_json_counts_from_one(tmp_path: Path, cop: object, expected: str) -> None:
    assert code(one(medmcqa, tmp_path, ITEM | {"cop": cop}, "train.json")) == expected


def test_medmcqa_parquet_counts_from_zero(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([ITEM | {"cop": cop} for cop in (0, 3, -1, 4)]), tmp_path / "train.parquet")
    expected = ["key A", "key D", "answer_missing", "key_out_of_range"]
    assert [code(row) for row in medmcqa.read(tmp_path, ANY)] == expected


def test_pubmedqa_row(tmp_path: Path) -> None:
    row = one(pubmedqa, tmp_path, {"123": ABSTRACT, }, "ori_pqaa.json")
    assert isinstance(row, RawRow)
    assert row.messages[-1].content == (
        "Context: BACKGROUND: It is common.\nMETHODS: We counted.\n\nQuestion: Does it help?")
    assert (row.key, row.letter, row.reference, row.as_of) == ("123", "B", "It did not.", None)
    assert [o.text for o in row.options] == ["yes", "no", "maybe"]


@pytest.mark.parametrize(("change", "expected"), [
    ({"final_decision": "maybe", "YEAR": "2011"}, "key C"),
    ({"final_decision": None}, "answer_missing"),
    ({"final_decision": "perhaps"}, "key_out_of_range"),
    ({"CONTEXTS": []}, "empty_context"),
    ({"CONTEXTS": [" "], "LABELS": ["AIM"]}, "empty_context"),
    ({"CONTEXTS": "text"}, "missing_field"),
    ({"CONTEXTS": [1]}, "missing_field"),
    ({"QUESTION": None}, "missing_field"),
])
def test_pubmedqa_variants(tmp_path: Path, change: dict[str, Any], expected: str) -> None:
    assert code(one(pubmedqa, tmp_path, {"123": ABSTRACT | change}, "ori_pqaa.json")) == expected


def test_pubmedqa_labels_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    row = one(pubmedqa, tmp_path, {"1": ABSTRACT | {"LABELS": ["AIM"], "YEAR": "2011"}}, "ori_pqaa.json")
    assert isinstance(row, RawRow)
    assert (row.context, row.as_of) == ("It is common.\nWe counted.", "2011")


def test_pubmedqa_parquet_of_the_hub_gives_the_same_row(tmp_path: Path) -> None:
    hub, original = tmp_path / "hub", tmp_path / "original"
    hub.mkdir(), original.mkdir()
    row = {"pubid": 123, "question": ABSTRACT["QUESTION"], "long_answer": ABSTRACT["LONG_ANSWER"],
           "context": {"contexts": ABSTRACT["CONTEXTS"], "labels": ABSTRACT["LABELS"], "meshes": []},
           "final_decision": "no"}
    pq.write_table(pa.Table.from_pylist([row]), hub / "train.parquet")
    (found,), expected = pubmedqa.read(hub, ANY), one(pubmedqa, original, {"123": ABSTRACT}, "a.json")
    assert isinstance(found, RawRow) and isinstance(expected, RawRow)
    assert (found.key, found.messages, found.letter, found.reference) == (
        expected.key, expected.messages, expected.letter, expected.reference)


def test_real_medqa_dev(training: Path) -> None:
    rows = list(medqa.read(training / "MedQA_dev", ANY))
    assert len(rows) == 1272  # realdata/README
    assert all(isinstance(r, RawRow) and len(r.options) == 5 for r in rows)
    original = json.loads((training / "MedQA_dev/medqa_full_dev.json").read_text())
    keyed = {o.text for r, o in ((r, o) for r in rows for o in r.options) if o.letter == r.letter}
    assert keyed == {row["answer"].strip() for row in original}


def test_real_pubmedqa(training: Path) -> None:
    rows = [r for r in pubmedqa.read(training / "PubMedQA", ANY) if isinstance(r, RawRow)]
    assert len(rows) == 500  # realdata/README
    assert [sum(r.letter == k for r in rows) for k in "ABC"] == [276, 169, 55]  # counted in the file
    assert sum(r.as_of is None for r in rows) == 36  # abstracts without YEAR
