import hashlib
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from release_world import PAIRED, ROWS

from ultramed import tables
from ultramed.params import Params
from ultramed.records import Completion
from ultramed.release import recipe, shards
from ultramed.release.audit import audit
from ultramed.release.build import build
from ultramed.release.selection import select


def read(path: Path) -> list[dict]:
    return pq.read_table(path).to_pylist()


def digests(folder: Path) -> dict[str, str]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_instructions_keep_the_original_columns(settings: Params, tmp_path: Path) -> None:
    counts = shards.write_configs(select(settings, "research"), tmp_path / "out")
    assert counts["instructions"] == {"train": 2, "validation": 1, "test": 1}
    rows = read(tmp_path / "out/instructions/test-00000-of-00001.parquet")
    assert rows == [{
        "id": "MedQuad,3", "type": "Open-End",
        "conversations": [
            {"from": "human", "value": "What does the project call question MedQuad,3?"},
            {"from": "gpt", "value": "The answer to MedQuad,3."},
        ],
        "answer": "The reference of MedQuad,3.",
        "score": "5.5",  # the third row of the world: 5 + 2/4
        "pass_rate": None,
    }]
    assert list(rows[0]) == ["id", "type", "conversations", "answer", "score", "pass_rate"]


def test_preference_rows_join_the_candidates_texts(settings: Params, tmp_path: Path) -> None:
    shards.write_configs(select(settings, "open"), tmp_path / "out")
    question = "What does the project call question MedQuad,3?"
    row, = read(tmp_path / "out/preference/test-00000-of-00001.parquet")
    assert row == {
        "prompt_id": "MedQuad,3", "prompt": question,
        "chosen": [{"role": "user", "content": question}, {"role": "assistant", "content": "careful on MedQuad,3."}],
        "rejected": [{"role": "user", "content": question}, {"role": "assistant", "content": "source on MedQuad,3."}],
        "label_type": "easy",
        "metadata": {"chosen_model": "careful", "rejected_model": "source", "chosen_score": 5, "rejected_score": 3,
                     "chosen_rank": 1, "rejected_rank": 2, "judge": "smollm2"},
    }
    assert read(tmp_path / "out/rewardbench/test-00000-of-00001.parquet") == [row | {"category": "easy"}]


def test_shards_are_numbered_and_complete(settings: Params, tmp_path: Path) -> None:
    shards.write_configs(select(settings, "research"), tmp_path / "out", shard_rows=1)
    names = sorted(p.name for p in (tmp_path / "out/instructions").iterdir())
    assert names == [
        "test-00000-of-00001.parquet", "train-00000-of-00002.parquet", "train-00001-of-00002.parquet",
        "validation-00000-of-00001.parquet",
    ]
    train = [read(tmp_path / "out/instructions" / n)[0]["id"] for n in names[1:3]]
    assert train == ["MedQuad,1", "MedInstruct-52k,4"]  # in curated order


def test_recipe_carries_ids_hashes_and_annotations(settings: Params, tmp_path: Path) -> None:
    recipe.write_configs(select(settings, "recipe"), tmp_path / "out")
    rows = {r["id"]: r for r in read(tmp_path / "out/instructions/test-00000-of-00001.parquet")}
    prompt = "What does the project call question MedQA,6?\n\nA. first of MedQA,6\nB. second of MedQA,6"
    found = rows["MedQA,6"]
    assert found["prompt_sha256"] == hashlib.sha256(prompt.encode()).hexdigest()
    assert (found["score"], found["completion"], found["rights"]) == (6.5, "matched", "recipe")
    assert found["pairs"] == ["MedQA,6#careful>brief"]
    assert [(c["model"], c["score"], c["rank"]) for c in found["candidates"]] == [("careful", 5, 1), ("brief", 3, 2)]
    train = {r["id"]: r for r in read(tmp_path / "out/instructions/train-00000-of-00001.parquet")}
    assert train["MedQA,7"]["completion"] == "contested"


def test_recipe_holds_no_text_and_no_key(settings: Params, tmp_path: Path) -> None:
    recipe.write_configs(select(settings, "recipe"), tmp_path / "out")
    found = [read(path) for path in sorted((tmp_path / "out").rglob("*.parquet"))]
    text = repr(found)
    for words in ("What does", "The reference", "The answer", "first of", "second of", " on MedQ"):
        assert words not in text
    assert not {"key", "answer", "prompt", "messages"} & {name for rows in found for row in rows for name in row}


@pytest.mark.parametrize("profile", ["open", "research", "recipe"])
def test_the_same_inputs_give_the_same_bytes(settings: Params, tmp_path: Path, profile: str) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        build(settings, select(settings, profile), tmp_path / name)
    assert digests(tmp_path / "one") == digests(tmp_path / "two") != {}


def test_the_world_has_every_class_the_tests_speak_of() -> None:
    assert {row.rights for row, _ in ROWS} == {"open", "research", "recipe", "quarantine"}
    assert set(PAIRED) < {row.id for row, _ in ROWS}


def test_thinking_has_a_column_of_its_own_where_it_is_kept(settings: Params, tmp_path: Path) -> None:
    kept = settings.model_copy(update={"complete": settings.complete.model_copy(update={"keep_thinking": True})})
    folder = Path("data/completed")
    rows = [replace(c, thinking=f"Hm, {c.instruction_id}.") for c in tables.read(folder, Completion)]
    tables.write(folder, "rows", Completion, rows)
    shards.write_configs(select(kept, "research"), tmp_path / "out")
    (row,) = read(tmp_path / "out/instructions/test-00000-of-00001.parquet")
    assert row["thinking"] == "Hm, MedQuad,3." and "Hm" not in row["conversations"][-1]["value"]
    build(kept, select(kept, "research"), tmp_path / "release")
    assert audit(kept, "research", tmp_path / "release") == []


def test_ranked_rows_hold_every_pair_once_by_position(settings: Params, tmp_path: Path) -> None:
    shards.write_configs(select(settings, "open"), tmp_path / "out")
    row, = read(tmp_path / "out/ranked/test-00000-of-00001.parquet")
    assert row["prompt_id"] == "MedQuad,3" and [t["role"] for t in row["prompt"]] == ["user"]
    assert [c["rank"] for c in row["candidates"]] == sorted(c["rank"] for c in row["candidates"])
    pairs = {(row["candidates"][p["chosen"]]["model"], row["candidates"][p["rejected"]]["model"]) for p in row["pairs"]}
    assert ("careful", "source") in pairs and row["weight"] == 1 / len(row["pairs"]) == 1 / len(pairs)
    assert all(row["candidates"][p["chosen"]]["rank"] < row["candidates"][p["rejected"]]["rank"] for p in row["pairs"])
    assert {(c["judge"], c["cut"]) for c in row["candidates"]} == {("smollm2", False)}


def test_kto_rows_label_each_answer_once(settings: Params, tmp_path: Path) -> None:
    shards.write_configs(select(settings, "open"), tmp_path / "out")
    rows = read(tmp_path / "out/kto/test-00000-of-00001.parquet")
    assert [(r["model"], r["label"], r["score"]) for r in rows] == [("careful", True, 5), ("source", False, 3)]
    assert rows[0]["completion"] == [{"role": "assistant", "content": "careful on MedQuad,3."}]
    assert [t["role"] for t in rows[0]["prompt"]] == ["user"]


def test_an_answer_both_chosen_and_rejected_has_no_label(settings: Params) -> None:
    selection = select(settings, "open")
    pair = selection.pairs[0]
    turned = replace(pair, chosen_id=pair.rejected_id, rejected_id=pair.chosen_id, id="turned")
    selection.pairs = [pair, turned]
    assert list(shards.kto_rows(selection)) == []


def test_candidates_of_a_denied_author_leave_the_ranked_rows_with_their_pairs(settings: Params, tmp_path: Path) -> None:
    selection = select(settings, "open")
    selection.authors -= {"source"}
    assert all(c["model"] != "source" for _, row in shards.ranked_rows(selection) for c in row["candidates"])
    assert "MedQuad,3" not in {row["prompt_id"] for _, row in shards.ranked_rows(selection)}
