"""Inputs that say there is none, and fields that the format does not read."""

import json
from pathlib import Path
from typing import Any

import pytest

from ultramed.params import Input
from ultramed.sources.formats import alpaca, conversation
from ultramed.sources.placeholders import is_placeholder
from ultramed.sources.raw import Broken, RawRow, Row

ASKED = "Name the drug that reverses an overdose of heparin."
ROW: dict[str, Any] = {"instruction": ASKED, "input": "", "output": "Protamine."}
NONE = [
    "<noinput>", "<Noinput>", "<no input>", "NoInput", "no-input", "no_input", "[No Input]", "(none)", "None", "NONE.",
    "N/A", "n/a", "N.A.", "NA", "na", "nan", "NaN", "null", "nil", "-", "--", "...", "…", "<>", '""', "<|noinput|>",
    "No input provided.", "No additional input is required", "There is no input", "Input: None", "Not applicable",
    "input not provided", "None given", "No context", "without input", "<empty>", "Blank", "undefined",
    "This task does not require any input.", "The instruction doesn’t need additional input."]
SOME = [
    "Na", "K", "No", "0", "?", "+", "No pain", "None of the above", "no known allergies", "Nil by mouth", "A",
    "Not given insulin", "Blank stare", "Name: none", "No fever", "input: 5 mg", "Context: a child", "Na 128 mmol/l",
    "The task does not require input from nurses", "Pain: none", "No contraindication given"]


def one(folder: Path, row: dict[str, Any], module: Any = alpaca) -> Row:
    (folder / "rows.json").write_text(json.dumps([row]))
    (found,) = module.read(folder, Input(format="any"))
    return found


@pytest.mark.parametrize("text", NONE)
def test_a_placeholder_is_no_input(tmp_path: Path, text: str) -> None:
    row = one(tmp_path, ROW | {"input": text})
    assert isinstance(row, RawRow) and row.question == ASKED


@pytest.mark.parametrize("text", SOME)
def test_what_only_looks_like_one_is_an_input(tmp_path: Path, text: str) -> None:
    row = one(tmp_path, ROW | {"input": text})
    assert isinstance(row, RawRow) and row.question == f"{ASKED}\n\n{text}"


def test_hostile_text_is_looked_at_in_no_time() -> None:
    for text in ("no " * 50_000, "<" * 100_000, "n/a" + " " * 100_000, "input not " * 10_000):
        is_placeholder(text)


TEXT = "The surgeon tied the left renal vein."


@pytest.mark.parametrize(("more", "lost"), [
    ({"context": TEXT}, "context"), ({"inputs": TEXT}, "inputs"), ({"patient_note": TEXT}, "patient_note"),
    ({"Passage": TEXT}, "Passage"), ({"sourceText": TEXT}, "sourceText"), ({"history": [["Why?", "So."]]}, "history"),
    ({"system": "You are a nurse."}, "system"), ({"options": {"A": "Vein", "B": "Nerve"}}, "options"),
    ({"images": ["a.png"]}, "images"), ({"question": "Which vein?"}, "question"),
    ({"response": "Protamine.", "output": None}, None),  # the source itself says that there is no answer
])
def test_a_field_that_belongs_to_the_question_is_not_passed_over(
    tmp_path: Path, more: dict[str, Any], lost: str | None
) -> None:
    row = one(tmp_path, ROW | more)
    assert isinstance(row, Broken)
    assert (row.code, lost is None or f"'{lost}'" in row.reason) == ("unread_field", True)


@pytest.mark.parametrize("name", ["response", "answer", "answer_expert", "gpt-4-answer", "completion", "modelReply",
                                  "target"])
def test_an_answer_under_another_name_is_not_lost(tmp_path: Path, name: str) -> None:
    for said in ("Protamine.", "drug"):  # also where the question has the word
        row = one(tmp_path, {"instruction": ASKED, "input": "", name: said})
        assert isinstance(row, Broken) and row.code == "unread_field" and f"'{name}'" in row.reason


@pytest.mark.parametrize("more", [
    {"topic": "Pharmacology"}, {"context_id": "c7"}, {"question_type": "recall"}, {"response_tokens": 7},
    {"answer": "Protamine sulfate."},  # beside an output
    {"prompt": f"Below is an instruction.\n\n### Instruction:\n{ASKED}\n\n### Response:"},  # all of it once more
    {"context": ASKED[:20]}, {"text": f"{ASKED} Protamine."},
])
def test_other_fields_are_named(tmp_path: Path, more: dict[str, Any]) -> None:
    row = one(tmp_path, ROW | more)
    assert isinstance(row, RawRow) and row.unread == tuple(more) and row.reference == "Protamine."


@pytest.mark.parametrize("more", [{"context": ""}, {"context": None}, {"history": []}, {"context": [" "]},
                                  {"context": float("nan")}, {"options": {"A": None}}])
def test_an_empty_field_is_nothing(tmp_path: Path, more: dict[str, Any]) -> None:
    row = one(tmp_path, ROW | more)
    assert isinstance(row, RawRow) and row.unread == ()


def test_a_dialogue_with_a_field_beside_it(tmp_path: Path) -> None:
    said = {"Conversation": f"[|Human|] {ASKED}\n[|AI|] Protamine."}
    assert code(one(tmp_path, said | {"context": TEXT}, conversation)) == "unread_field"
    assert code(one(tmp_path, said | {"topic": "Drugs"}, conversation)) == ("topic",)


def code(row: Row) -> Any:
    return row.code if isinstance(row, Broken) else row.unread
