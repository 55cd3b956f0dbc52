"""`ultramed try letter`: lines in, a table or lines out, and mistakes in one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ultramed = Callable[..., tuple[int, str, str]]
ORGANS = {"A": "Gallbladder", "B": "Spleen"}


def file(tmp_path: Path, *rows: Any) -> str:
    path = tmp_path / "answers.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return str(path)


def test_lines_come_out_in_order_with_the_letter_and_its_place(tmp_path: Path, ultramed: Ultramed) -> None:
    given = file(tmp_path, {"text": "The answer is B.", "options": ORGANS}, "", {"text": "Spleen", "options": ORGANS},
                 {"text": "C. difficile", "options": ["A", "B", "C"]},
                 {"text": "The spleen.", "options": [{"letter": "B", "text": "Spleen"}]},
                 {"text": "The answer is liver.", "options": ["Spleen", "Liver"]})
    code, out, err = ultramed("try", "letter", given, "--json")
    assert (code, err) == (0, "")
    assert [json.loads(line) for line in out.splitlines()] == [
        {"letter": "B", "start": 14, "end": 15}, {"letter": "B", "start": 0, "end": 6},
        {"letter": None, "start": None, "end": None}, {"letter": "B", "start": 0, "end": 10},
        {"letter": "B", "start": 14, "end": 19}]


def test_a_line_for_a_person_says_what_was_read_or_null(tmp_path: Path, ultramed: Ultramed) -> None:
    given = file(tmp_path, {"text": "The answer is A. The answer is B.", "options": ORGANS},
                 {"text": "\x1b[2JThe answer is B.", "options": ORGANS})
    code, out, _ = ultramed("try", "letter", given)
    assert (code, out.splitlines()) == (
        0, ["1  letter: null, start: null, end: null", '2  letter: "B", start: 18, end: 19'])


@pytest.mark.parametrize(("line", "said"), [
    ("not json", ":1: is not JSON"), ("[1]", ":1: is not a JSON object"),
    ('{"text": "x"}', ":1: has no field 'options'"),
    ('{"text": 3, "options": ["A"]}', ":1: text: has another type"),
    ('{"text": "x", "options": {"A": 1}}', "options: has"),
    ('{"text": "x", "options": "AB"}', "options: has"), ('{"text": "x", "options": [1, 2]}', "options: has"),
])
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, ultramed: Ultramed, line: str, said: str) -> None:
    code, out, err = ultramed("try", "letter", file(tmp_path, line), "--json")
    assert (code, out) == (1, "") and said in err and err.count("\n") == 1


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path, ultramed: Ultramed) -> None:
    code, _, err = ultramed("try", "letter", str(tmp_path / "none.jsonl"))
    assert code == 1 and "cannot be read" in err and err.count("\n") == 1
