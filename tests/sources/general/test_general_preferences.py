"""General-domain preferences: ultrafeedback and ultrainteract by their columns in params, ultrasafety by its reader."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed import params
from ultramed.records import Example, Preference
from ultramed.sources.general_sets import load
from ultramed.sources.raw import Broken

SETS = params.load(Path(__file__).parents[3] / "params.yaml").general

MISSING = ("missing_field", "quarantined")


def told(row: Preference | Broken) -> tuple[Any, ...]:
    """What a test compares: prompt, answers and margin, or code and outcome."""
    if isinstance(row, Broken):
        return row.code, row.outcome
    assert row.messages[-1].role == "user"
    return row.messages[-1].content, row.chosen, row.rejected, row.margin


def parsed(name: str, folder: Path, row: dict[str, Any], whole: dict[str, Any]) -> tuple[Any, ...]:
    """A row read next to one that has all columns."""
    (folder / "rows.json").write_text(json.dumps([row, whole | {"id": "w", "prompt_id": "w"}]))
    found, _ = load(name, SETS[name], folder)
    assert not isinstance(found, Example)
    return told(found)


def talk(*turns: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": turn} for n, turn in enumerate(turns)]


def scored(chosen: Any = 8.5, rejected: Any = 4.0) -> dict[str, Any]:
    return {"chosen": talk("Why?", "So."), "rejected": talk("Why?", "No."), "score_chosen": chosen,
            "score_rejected": rejected}


@pytest.mark.parametrize(("row", "expected"), [
    (scored(9.0, 4.0), ("Why?", "So.", "No.", 5)),
    (scored(8.75, 4.0), ("Why?", "So.", "No.", 5)),  # 4.75
    (scored(4.0, 4.0), ("Why?", "So.", "No.", 0)),
    (scored(9, None), ("Why?", "So.", "No.", None)),
    (scored(3.0, 4.0), ("scores_reversed", "quarantined")),
    (scored("9", 4.0), MISSING),
    (scored(float("nan"), 4.0), MISSING),
    (scored() | {"chosen": talk("One?", "1", "Why?", "So."), "rejected": talk("One?", "1", "Why?", "No.")},
     ("Why?", "So.", "No.", 4)),  # 8.5 - 4.0 = 4.5, rounded to the even number
    (scored() | {"rejected": talk("Why so?", "No.")}, ("prompts_differ", "quarantined")),
    (scored() | {"rejected": talk("One?", "1", "Why?", "No.")}, ("prompts_differ", "quarantined")),
    (scored() | {"rejected": talk("Why?", " So. ")}, ("same_answers", "quarantined")),
    (scored() | {"rejected": talk("Why?", "")}, ("answer_missing", "dropped")),
    (scored() | {"rejected": []}, ("answer_missing", "dropped")),
    (scored() | {"rejected": None}, MISSING),
    (scored() | {"chosen": [{"role": "judge", "content": "Why?"}]}, ("unknown_role", "quarantined")),
])
def test_ultrafeedback(tmp_path: Path, row: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert parsed("ultrafeedback", tmp_path, row, scored()) == expected


def test_ultrafeedback_reads_parquet(tmp_path: Path) -> None:
    rows = [scored() | {"prompt_id": name} for name in ("a", "b", "a")]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "train_prefs-00000-of-00001.parquet")
    found = list(load("ultrafeedback", SETS["ultrafeedback"], tmp_path))
    assert [told(r) for r in found] == [("Why?", "So.", "No.", 4)] * 2 + [("duplicate_key", "quarantined")]
    assert [r.id for r in found if isinstance(r, Preference)] == ["UltraFeedback,a", "UltraFeedback,b"]


def pair(trajectory: Any, chosen: Any = "So.", rejected: Any = "No.") -> dict[str, Any]:
    return {"id": "a", "parent_id": "b", "trajectory": trajectory, "chosen": chosen, "rejected": rejected}


ASK = {"from": "user", "value": "Why?"}
TRIED = {"from": "assistant", "value": "Hm."}


@pytest.mark.parametrize(("row", "expected"), [
    (pair([ASK]), ("Why?", "So.", "No.", None)),
    (pair([ASK, TRIED, {"from": "user", "value": "Observation: no."}]), ("Observation: no.", "So.", "No.", None)),
    (pair([ASK, TRIED]), ("broken_turns", "quarantined")),
    (pair([ASK, TRIED, {"from": "user", "value": " "}]), ("broken_turns", "quarantined")),
    (pair([]), ("broken_turns", "quarantined")),
    (pair([{"from": "tool", "value": "Why?"}]), ("unknown_role", "quarantined")),
    (pair(None), MISSING),
    (pair([ASK], rejected=""), MISSING),
    (pair([ASK], rejected=" So.\n"), ("same_answers", "quarantined")),
])
def test_ultrainteract(tmp_path: Path, row: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert parsed("ultrainteract", tmp_path, row, pair([ASK])) == expected


def rated(*pairs: tuple[Any, Any]) -> dict[str, Any]:
    done = [{"response": response, "annotations": {"harmlessness": [{"Rating": rating}]}} for rating, response in pairs]
    return {"source": "s", "instruction": "Why?", "completions": done}


@pytest.mark.parametrize(("row", "expected"), [
    (rated(("0", "No."), ("1", "So.")), ("Why?", "So.", "No.", 1)),
    (rated(("1", "So."), ("0", "No."), ("0", "Hm."), ("1", "Ah.")), ("Why?", "So.", "No.", 1)),  # the first of each
    (rated((2, "Hm."), (1, "No."), (4, "So.")), ("Why?", "So.", "No.", 3)),
    (rated(("1", "So."), ("0", "No."), ("N/A", "Hm."), (None, "Hm."), ("0", "")), ("Why?", "So.", "No.", 1)),
    (rated(("1", "So."), ("1", "No.")), ("tie", "dropped")),
    (rated(("1", "So."), ("N/A", "No.")), ("answer_missing", "quarantined")),
    (rated(("1", "So."), ("0", "")), ("answer_missing", "quarantined")),
    (rated(("1", "So."), ("0", "So.")), ("same_answers", "quarantined")),
    (rated() | {"completions": None}, MISSING),
    (rated() | {"completions": ["So.", "No."]}, MISSING),
    (rated(("1", "So."), ("0", "No.")) | {"instruction": ""}, MISSING),
    (rated(("1", "So."), ("0", ["No."])), MISSING),
])
def test_ultrasafety(tmp_path: Path, row: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert parsed("ultrasafety", tmp_path, row, rated()) == expected


@pytest.mark.parametrize("annotations", [{"harmlessness": {"Rating": "0"}}, {"harmlessness": [{"Rating": " 0"}]}])
def test_ultrasafety_takes_a_rating_alone_or_in_a_list(tmp_path: Path, annotations: dict[str, Any]) -> None:
    row = rated(("1", "So."))
    row["completions"].append({"response": "No.", "annotations": annotations})
    assert parsed("ultrasafety", tmp_path, row, rated()) == ("Why?", "So.", "No.", 1)
