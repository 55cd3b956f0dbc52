"""Readers of exam questions: MedQA, MedMCQA, PubMedQA."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed.errors import SourceError
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


FROM = {n: Input(format="medmcqa", key_from=n) for n in (0, 1)}


def test_medmcqa_row_leaves_the_explanation_behind(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text(json.dumps(ITEM))
    (row,) = medmcqa.read(tmp_path, FROM[1])
    assert isinstance(row, RawRow)
    assert (row.key, row.letter, row.reference, row.unread) == ("0", "B", None, ())  # cop 2, counted from 1
    assert "textbook" not in repr(row)


@pytest.mark.parametrize(("cop", "from_0", "from_1"), [
    (0, "key A", "answer_missing"), (1, "key B", "key A"), (3, "key D", "key C"), ("3", "key D", "key C"),
    (4, "key_out_of_range", "key D"), (2.0, "key C", "key B"), ("2.0", "key C", "key B"),  # as pandas writes them
    (None, "answer_missing", "answer_missing"), ("", "answer_missing", "answer_missing"),
    (float("nan"), "answer_missing", "answer_missing"), (-1, "answer_missing", "answer_missing"),
    (5, "key_out_of_range", "key_out_of_range"), (-2, "key_out_of_range", "key_out_of_range"),
    (True, "key_out_of_range", "key_out_of_range"), (1.5, "key_out_of_range", "key_out_of_range"),
    ("²", "key_out_of_range", "key_out_of_range"), ([1], "key_out_of_range", "key_out_of_range"),
])
def test_medmcqa_where_params_say_what_it_counts_from(
    tmp_path: Path, cop: object, from_0: str, from_1: str
) -> None:
    even = [ITEM | {"cop": n} for n in (2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2)]  # tell nothing
    (tmp_path / "train.json").write_text("\n".join(json.dumps(row) for row in [ITEM | {"cop": cop}, *even]))
    assert [code(next(medmcqa.read(tmp_path, FROM[n]))) for n in (0, 1)] == [from_0, from_1]


def written(folder: Path, cops: list[Any], suffix: str, name: str = "train") -> None:
    """A file of these keys, of one of the types that are read."""
    rows = [ITEM | {"cop": cop, "question": f"Which of {n}?"} for n, cop in enumerate(cops)]
    path = folder / f"{name}{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif suffix == ".csv":
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, list(ITEM))
            writer.writeheader()
            writer.writerows(rows)
    elif suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("\n".join(map(json.dumps, rows)))


SUFFIXES = [".jsonl", ".json", ".csv", ".parquet"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("cops", "first"), [
    ([0, 1, 2, 3] * 5, 0), ([1, 2, 3, 4] * 5, 1), ([4], 1), ([1, 4, 2], 1),
    ([1, 2, 3] * 9 + [0], 0),  # 28 keys and no 4
    ([1, 2, 3, 4] * 9 + [0], 1),  # a 0 among many 4s is no key
    ([0, 1, 2, 3] * 9 + [4], 0),  # a 4 among many 0s is out of range
])
def test_medmcqa_is_counted_as_its_whole_file_tells(tmp_path: Path, suffix: str, cops: list[int], first: int) -> None:
    written(tmp_path, cops, suffix)
    expected = [f"key {'ABCD'[cop - first]}" if first <= cop < first + 4 else
                "answer_missing" if cop < first else "key_out_of_range" for cop in cops]
    assert [code(row) for row in medmcqa.read(tmp_path, ANY)] == expected


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("cops", [
    [1, 2, 3] * 30,  # a stretch that tells nothing, however long
    [1, 3, 2, 0, 1], [0],  # too few: a file that counts from 1 may lack a 4, and a key
    [0, 1, 2, 3, 4] * 5,  # two counts in one file
])
def test_medmcqa_that_does_not_tell_is_refused(tmp_path: Path, suffix: str, cops: list[int]) -> None:
    written(tmp_path, cops, suffix)
    with pytest.raises(SourceError, match=r"keys from 0.*key_from: 0 or 1"):
        next(medmcqa.read(tmp_path, ANY))


def test_medmcqa_files_that_count_differently_are_each_read_as_they_count(tmp_path: Path) -> None:
    written(tmp_path, [1, 2, 3, 4], ".json", "a")
    written(tmp_path, [0, 1, 2, 3] * 4, ".parquet", "b")
    assert [code(row) for row in medmcqa.read(tmp_path, ANY)] == [f"key {c}" for c in "ABCD" * 5]


@pytest.mark.parametrize(("stated", "cops"), [(1, [0, 1, 2, 3] * 5), (0, [1, 2, 3, 4] * 5)])
def test_medmcqa_that_contradicts_params_is_refused(tmp_path: Path, stated: int, cops: list[int]) -> None:
    written(tmp_path, cops, ".jsonl")
    with pytest.raises(SourceError, match=f"counts its keys from {1 - stated}, key_from is {stated}"):
        list(medmcqa.read(tmp_path, FROM[stated]))


def test_medmcqa_whose_rows_change_their_count_is_refused(tmp_path: Path) -> None:
    written(tmp_path, [1, 2, 3, 4] * 300 + [0, 1, 2, 3] * 300, ".jsonl")
    with pytest.raises(SourceError, match="keys from 0 or from 1"):
        list(medmcqa.read(tmp_path, ANY))
    written(tmp_path, [1, 2, 3, 4] * 260 + [0, 1, 2, 3] * 9_000, ".jsonl")
    with pytest.raises(SourceError, match="begins with keys from 1 and goes on with others"):
        list(medmcqa.read(tmp_path, ANY))


def test_medmcqa_without_any_key_is_read(tmp_path: Path) -> None:
    written(tmp_path, [-1, None, -1], ".parquet")
    assert [code(row) for row in medmcqa.read(tmp_path, ANY)] == ["answer_missing"] * 3


@pytest.mark.parametrize("options", [
    {"A": "Naloxone", "B": "Atropine", "C": None, "D": None}, ["Naloxone", "Atropine", None],
    {"A": "Naloxone", "B": "Atropine", "C": float("nan")},
])
def test_nulls_behind_the_last_option_are_none(tmp_path: Path, options: Any) -> None:
    row = one(medqa, tmp_path, QUESTION | {"options": options})
    assert isinstance(row, RawRow) and [o.letter for o in row.options] == ["A", "B"]


def test_arrow_gives_every_row_the_letters_of_all(tmp_path: Path) -> None:
    four = {letter: f"Drug {letter}" for letter in "ABCD"}
    rows = [QUESTION | {"options": given, "answer": "Drug D", "answer_idx": "D"} for given in (four, four | {"E": "x"})]
    pq.write_table(pa.Table.from_pylist([rows[1], rows[0]]), tmp_path / "train.parquet")
    found = list(medqa.read(tmp_path, ANY))
    assert [len(r.options) if isinstance(r, RawRow) else r.code for r in found] == [5, 4]


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
