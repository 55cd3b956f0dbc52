"""One verdict per raw row, rights after overrides, and an error if too much is broken."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ultramed import params
from ultramed.errors import SourceError
from ultramed.records import Instruction, Verdict
from ultramed.sources.collect import collect

ROOT = Path(__file__).parents[2]
SETTINGS = params.load(ROOT / "params.yaml")
SAMPLE = ROOT / "data/raw/sample"
NOT_KEPT = {  # planted kinds that a reader can see; the screen finds the others
    "broken_row": "quarantined", "answer_missing": "quarantined", "empty_option": "quarantined",
    "empty_context": "quarantined",
}
OPEN = ("chatdoctor", "medquad", "medical_instruction_120k")  # here the source itself says: no answer


def gathered(name: str, folder: Path, settings: params.Params = SETTINGS, **change: Any) -> tuple[
        list[Instruction], list[Verdict]]:
    source = settings.sources[name].model_copy(update=change)
    collection = collect(name, source, folder, settings)
    return list(collection), collection.verdicts


def lines(folder: Path, rows: list[Any]) -> Path:
    text = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "train.json").write_text("\n".join(text))
    return folder


def item(**change: Any) -> dict[str, Any]:
    return {"question": "Which?", "cop": 1, "opa": "a", "opb": "b", "opc": "c", "opd": "d"} | change


def test_a_row_becomes_an_instruction(tmp_path: Path) -> None:
    (row,), (verdict,) = gathered("medmcqa", lines(tmp_path, [item()]), key_from=1)
    assert (row.id, row.family, row.source, row.category, row.kind) == (
        "MedMCQA,0", "MedMCQA,0", "medmcqa", "exam", "exam")
    assert (row.synthetic, row.parent, row.round, row.key, row.rights) == (False, None, 0, "A", "recipe")
    assert row.origin == "train.json:1"
    assert verdict == Verdict("MedMCQA,0", "collect", "kept", "kept", "")


def test_an_override_replaces_the_class_of_the_source(tmp_path: Path) -> None:
    record = params.Override(rights="research", by="A. Person", on="2026-01-01", because="the owner agreed in writing")
    release = SETTINGS.release.model_copy(update={"overrides": {"medmcqa": record}})
    settings = SETTINGS.model_copy(update={"release": release})
    (row,), _ = gathered("medmcqa", lines(tmp_path, [item()]), settings, key_from=1)
    assert row.rights == "research"


def test_every_row_has_one_verdict_and_a_place(tmp_path: Path) -> None:
    rows = [item() for _ in range(18)] + ['{"question": "cut', item(cop=9)]
    kept, verdicts = gathered("medmcqa", lines(tmp_path, rows), key_from=1)
    assert len(verdicts) == 20 and len(kept) == 18
    assert [(v.id, v.code) for v in verdicts[18:]] == [
        ("MedMCQA,18", "broken_json"), ("MedMCQA,19", "key_out_of_range")]
    assert verdicts[18].reason == "train.json:19: is not valid JSON: unterminated string"
    assert verdicts[19].reason == "train.json:20: cop is '9'; expected 1 to 4"


def answers(given: str) -> list[dict[str, Any]]:
    """A row a letter: u has an answer, d is dropped for its empty one, q is quarantined."""
    outputs = {"u": "So.", "d": "", "q": 5}
    return [{"instruction": f"Explain {n}.", "output": outputs[kind]} for n, kind in enumerate(given)]


def test_a_limit_is_a_sample_of_usable_rows_wherever_they_are(tmp_path: Path) -> None:
    folder = lines(tmp_path, answers("d" * 300 + "u" * 100))
    kept, verdicts = gathered("medinstruct_52k", folder, limit=20)
    assert len(kept) == 20 and len({r.id for r in kept}) == 20
    dropped = sum(v.code == "answer_missing" for v in verdicts)
    assert 30 <= dropped <= 90, "of the 300 rows without an answer a fifth, too"
    assert [r.id for r in kept] == sorted((r.id for r in kept), key=lambda i: int(i.split(",")[1])), "in their order"
    assert gathered("medinstruct_52k", folder, limit=20) == (kept, verdicts)


def test_a_limit_above_what_is_usable_takes_all(tmp_path: Path) -> None:
    folder = lines(tmp_path, answers("uuudu"))
    for limit in (4, 5, None):
        kept, verdicts = gathered("medinstruct_52k", folder, limit=limit)
        assert (len(kept), len(verdicts)) == (4, 5)


def test_a_sample_depends_on_the_seed_and_hardly_on_rows_that_are_added(tmp_path: Path) -> None:
    def drawn(rows: str, seed: int) -> set[str]:
        settings = SETTINGS.model_copy(update={"seed": seed})
        return {r.id for r in gathered("medinstruct_52k", lines(tmp_path, answers(rows)), settings, limit=50)[0]}
    first, other, more = drawn("u" * 500, 1), drawn("u" * 500, 2), drawn("u" * 520, 1)
    assert len(first & other) < 20 and len(first & more) >= 42
    assert {int(i.split(",")[1]) // 100 for i in first} == {0, 1, 2, 3, 4}, "from the whole file"


def test_broken_rows_are_judged_by_their_share_in_a_sample_too(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="rows are broken"):
        gathered("medinstruct_52k", lines(tmp_path, answers("u" * 200 + "q" * 100)), limit=50)


def test_fields_that_are_not_read_are_named(tmp_path: Path) -> None:
    rows = [item(cop=n % 4 + 1, hint="Look.", empty=" ") for n in range(8)] + [item(cop=1)]
    collection = collect("medmcqa", SETTINGS.sources["medmcqa"], lines(tmp_path, rows), SETTINGS)
    assert len(list(collection)) == 9
    assert collection.said_unread == "  collect medmcqa: fields that are not read: 'hint' (8 of 9 rows)"
    assert [v.reason for v in collection.verdicts[7:]] == ["fields that are not read: hint", ""]


def test_too_many_broken_rows_stop_with_the_way_out(tmp_path: Path) -> None:
    folder = lines(tmp_path, [item()] * 16 + ["{", "}", item(cop=None), item(opa="")])  # 4 of 20 = 20 % > 15 %
    with pytest.raises(SourceError) as caught:
        gathered("medmcqa", folder, key_from=1)
    assert str(caught.value) == (
        f"source medmcqa, {folder}: 4 of 20 rows are broken (20.0%), at most 15.0% allowed: "
        "train.json:17 broken_json: is not valid JSON: expecting property name enclosed in double quotes; "
        "train.json:18 broken_json: is not valid JSON: expecting value; "
        "train.json:19 answer_missing: cop is None: no key; this file counts from 1; "
        "fix the file and `ultramed pin` it, or raise collect.max_broken in params.yaml")


def test_the_limit_itself_is_allowed_and_dropped_rows_do_not_count(tmp_path: Path) -> None:
    row = {"instruction": "Explain.", "output": "So."}
    folder = lines(tmp_path, [row] * 14 + [row | {"output": ""}] * 3 + ["{"] * 3)  # 3 of 20 = 15 %
    kept, verdicts = gathered("medinstruct_52k", folder)
    assert len(kept) == 14
    assert Counter(v.outcome for v in verdicts) == {"kept": 14, "dropped": 3, "quarantined": 3}


def test_a_file_without_rows_stops(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text("[]")
    with pytest.raises(SourceError, match="holds no row; expected at least 1"):
        gathered("chatdoctor", tmp_path)


def test_a_key_seen_twice_is_quarantined_under_a_name_of_its_own(tmp_path: Path) -> None:
    abstract = json.dumps({"QUESTION": "Q?", "CONTEXTS": ["C."], "LABELS": ["AIM"], "final_decision": "yes"})
    members = [f'"{n}": {abstract}' for n in [*range(20), 3, 3]]
    (tmp_path / "ori_pqaa.json").write_text("{" + ",\n".join(members) + "}")
    kept, verdicts = gathered("pubmedqa", tmp_path)
    assert len(kept) == 20 and len({v.id for v in verdicts}) == 22
    assert [(v.id, v.code) for v in verdicts[20:]] == [
        ("PubMedQA,3#2", "duplicate_key"), ("PubMedQA,3#3", "duplicate_key")]


@pytest.mark.parametrize("name", list(SETTINGS.sources))
def test_planted_dirt_is_found_and_nothing_else(name: str) -> None:
    """Every planted row that a reader can see is set aside, every other row of the sample is kept."""
    planted = [p for path in sorted((ROOT / "tests/data/planted").glob("*.json"))
               for p in json.loads(path.read_text()) if p["source"] == name]
    expected = {_row_id(name, p): _outcome(name, p["kind"]) for p in planted if p["kind"] in NOT_KEPT}
    _, verdicts = gathered(name, SAMPLE / name)
    assert {v.id: v.outcome for v in verdicts if not v.keep} == expected
    assert {_row_id(name, p) for p in planted} <= {v.id for v in verdicts}


def _outcome(name: str, kind: str) -> str:
    return "dropped" if kind == "answer_missing" and name in OPEN else NOT_KEPT[kind]


def _row_id(name: str, planted: dict[str, Any]) -> str:
    """The id of a planted row: files count lines from 1, ids count rows from 0."""
    prefix = SETTINGS.sources[name].prefix
    if "line" in planted:
        return f"{prefix},{planted['line'] - 1}"
    if name == "medquad":
        path = Path(planted["file"])
        return f"{prefix},{path.parent.name}/{planted['key'] or path.stem}"
    return f"{prefix},{planted.get('index', planted.get('key'))}"
