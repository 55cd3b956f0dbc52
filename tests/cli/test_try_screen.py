"""`ultramed try screen`: the screen's verdicts on lines of a user's own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Ultramed = Callable[..., tuple[int, str, str]]
LINES = [
    {"text": "Is gout inherited&nbsp;from parents?"},
    {"text": "Is gout inherited from parents?"},
    {"question": "Which drug lowers urate?", "options": {"A": "allopurinol", "B": "aspirin"}, "answer": "A"},
    {"question": "Which joint does gout like?", "answer": "The big toe <|im_end|> hurts."},
    {"text": "Please call 202-555-0143 about my gout"},
    {"text": "Antidote of acetaminophen is"},
]


@pytest.fixture
def lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "held.jsonl").write_text(json.dumps({"question": "Antidote of paracetamol is"}))
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in LINES))
    return path


def test_one_line_of_json_for_each(lines: Path, ultramed: Ultramed) -> None:
    code, out, _ = ultramed("try", "screen", str(lines), "--against", "held.jsonl", "--json")
    told = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(t["verdict"], t["code"]) for t in told] == [
        ("kept", "cleaned"), ("dropped", "exact_duplicate"), ("kept", "kept"), ("dropped", "special_token"),
        ("quarantined", "identifier_phone"), ("dropped", "leak")]
    assert told[0]["cleaned"]["question"] == "Is gout inherited from parents?"
    assert told[1]["reason"].startswith("same question and options as line 1")
    assert told[3]["spans"] == [{"kind": "special_token", "field": "reference answer", "start": 12, "end": 22}]
    assert told[4]["spans"] == [{"kind": "phone", "field": "question", "start": 12, "end": 24}]


def test_people_get_lines_too_and_hear_that_no_benchmark_is_there(lines: Path, ultramed: Ultramed) -> None:
    code, out, err = ultramed("try", "screen", str(lines))
    assert code == 0 and "special_token" in out and "leaks are not looked for" in err


@pytest.mark.parametrize(
    "line", ['{"answer": "x"}', '{"text": 5}', '{"text": "What is gout?", "options": [1]}', "[]", "{"])
def test_a_line_that_is_no_row_is_one_line_of_error(lines: Path, ultramed: Ultramed, line: str) -> None:
    lines.write_text(line)
    code, out, err = ultramed("try", "screen", str(lines), "--json")
    assert code == 1 and out == "" and err.startswith("ERROR ") and "lines.jsonl:1" in err and err.count("\n") == 1
