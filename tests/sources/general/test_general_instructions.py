"""General-domain sets for supervised fine-tuning, by their columns in params."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed import params
from ultramed.records import Example
from ultramed.sources.general import columns
from ultramed.sources.raw import Broken

SETS = params.load(Path(__file__).parents[3] / "params.yaml").general


def told(row: Example | Broken) -> Any:
    """What a test compares: the turns, or code and outcome."""
    return (row.code, row.outcome) if isinstance(row, Broken) else [(m.role, m.content) for m in row.messages]


def parsed(name: str, folder: Path, row: Any) -> Any:
    """A row read next to one that has all columns."""
    (folder / "rows.json").write_text(json.dumps([row, WHOLE[name]]))
    found, _ = columns.read(folder, SETS[name])
    return told(found)


def said(*turns: tuple[str, Any]) -> list[dict[str, Any]]:
    return [{"from": who, "value": what} for who, what in turns]


ASKED, ANSWERED = ("human", "Why?"), ("gpt", "So.")
FULL = [("user", "Why?"), ("assistant", "So.")]
WHOLE = {"sharegpt": {"id": "whole", "conversations": said(ASKED, ANSWERED)},
         "openorca": {"id": "whole", "system_prompt": "", "question": "Why?", "response": "So."},
         "orca_math": {"question": "Why?", "answer": "So."}}
BROKEN, MISSING = ("broken_turns", "quarantined"), ("answer_missing", "dropped")


@pytest.mark.parametrize(("turns", "expected"), [
    (said(ASKED, ANSWERED), FULL),
    (said(("user", " Why? "), ("ChatGPT", "So.")), FULL),
    *((said(ASKED, (name, "So.")), FULL) for name in ("assistant", "chatgpt", "bing", "bard")),
    (said(("system", "Rhyme."), ASKED, ANSWERED), [("system", "Rhyme."), *FULL]),
    (said(("system", ""), ASKED, ANSWERED), FULL),
    (said(ASKED, ANSWERED, ASKED, ANSWERED), FULL + FULL),
    (said(ASKED, ANSWERED, ("human", "Thanks!")), FULL),  # unanswered, so it is cut
    (said(ASKED, ANSWERED, ("human", "")), FULL),
    (said(ASKED), MISSING),
    (said(ASKED, ("gpt", None)), MISSING),
    (said(("system", "Rhyme.")), MISSING),
    ([], MISSING),
    (said(ANSWERED, ASKED, ANSWERED), BROKEN),
    (said(ASKED, ASKED, ANSWERED), BROKEN),
    (said(ASKED, ANSWERED, ASKED, ASKED), BROKEN),
    (said(ASKED, ANSWERED, ("system", "Rhyme."), ANSWERED), BROKEN),
    (said(("human", " "), ANSWERED), BROKEN),
    (said(ASKED, ("gpt", ""), ASKED, ANSWERED), BROKEN),
    (said(("tool", "Why?"), ANSWERED), ("unknown_role", "quarantined")),
    (said(("", "Why?"), ANSWERED), ("unknown_role", "quarantined")),
    (said(ASKED, ("gpt", ["So."])), ("missing_field", "quarantined")),
    (["Why?", "So."], ("missing_field", "quarantined")),
    ("Why? So.", ("missing_field", "quarantined")),
    (None, ("missing_field", "quarantined")),
])
def test_sharegpt(tmp_path: Path, turns: Any, expected: Any) -> None:
    assert parsed("sharegpt", tmp_path, {"id": "a", "conversations": turns}) == expected


@pytest.mark.parametrize(("row", "key"), [
    ({"id": "a_0"}, "a_0"), ({"idx": "b"}, "b"), ({"idx": 7}, "7"), ({"id": "", "idx": "b"}, "b"), ({}, "0"),
    ({"id": ["a"]}, "0"), ({"id": "a\nb"}, "0"), ({"id": "\ud83d"}, "0"),
])
def test_a_row_without_a_usable_id_has_its_index_as_key(tmp_path: Path, row: dict[str, Any], key: str) -> None:
    rows = [row | {"conversations": said(ASKED, ANSWERED)}, WHOLE["sharegpt"]]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found, _ = columns.read(tmp_path, SETS["sharegpt"])
    assert isinstance(found, Example) and found.id == key


def test_an_id_seen_twice_is_broken_under_a_name_of_its_own_and_reading_goes_on(tmp_path: Path) -> None:
    row = json.dumps({"id": "a", "conversations": said(ASKED, ANSWERED)})
    (tmp_path / "rows.jsonl").write_text("\n".join([row, row, '{"id": "b", "conv', row, row.replace('"a"', '"c"')]))
    found = list(columns.read(tmp_path, SETS["sharegpt"]))
    assert [r.key if isinstance(r, Broken) else r.id for r in found] == ["a", "a#2", "2", "a#3", "c"]
    assert [r.code for r in found if isinstance(r, Broken)] == ["duplicate_key", "broken_json", "duplicate_key"]
    assert found[1] == Broken("a#2", "rows.jsonl:2", "duplicate_key", "key 'a' was seen before; expected once")


def test_ultrachat_reads_parquet(tmp_path: Path) -> None:
    messages = [[{"content": "Why?", "role": "user"}, {"content": "So.", "role": "assistant"}],
                [{"content": "Why?", "role": "user"}], None]
    table = pa.table({"prompt": ["Why?"] * 3, "prompt_id": ["a", "b", "c"], "messages": messages})
    pq.write_table(table, tmp_path / "train_sft-00000-of-00001.parquet")
    found = list(columns.read(tmp_path, SETS["ultrachat"]))
    assert [told(r) for r in found] == [FULL, MISSING, ("missing_field", "quarantined")]
    assert [r.key if isinstance(r, Broken) else r.id for r in found] == ["a", "b", "c"]
    assert isinstance(found[1], Broken) and found[1].origin == "train_sft-00000-of-00001.parquet#1"


@pytest.mark.parametrize(("row", "expected"), [
    ({"system_prompt": "Be brief.", "question": "Why?", "response": "So."}, [("system", "Be brief."), *FULL]),
    ({"system_prompt": "", "question": "Why?", "response": "So."}, FULL),
    ({"system_prompt": None, "question": "Why?", "response": "So."}, FULL),
    ({"question": "Why?", "response": ""}, ("missing_field", "quarantined")),
    ({"response": "So."}, ("missing_field", "quarantined")),
    ({"system_prompt": 1, "question": "Why?", "response": "So."}, ("missing_field", "quarantined")),
    ({"question": "Why? \ud83d", "response": "So."}, ("bad_encoding", "quarantined")),
])
def test_openorca(tmp_path: Path, row: dict[str, Any], expected: Any) -> None:
    assert parsed("openorca", tmp_path, {"id": "cot.1", **row}) == expected


@pytest.mark.parametrize(("row", "expected"), [
    ({"question": "Why?", "answer": "So."}, FULL),
    ({"question": "Why?"}, ("missing_field", "quarantined")),
    ({"question": " ", "answer": "So."}, ("missing_field", "quarantined")),
])
def test_orca_math(tmp_path: Path, row: dict[str, Any], expected: Any) -> None:
    assert parsed("orca_math", tmp_path, row) == expected
