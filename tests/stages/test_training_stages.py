"""The stages around training and evaluation through their real entry points, without the weights of any model."""

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oracle_endpoint import asked, exam

from ultramed import params, tables
from ultramed.claims import of_models
from ultramed.records import (
    Assignment,
    Completion,
    Example,
    Instruction,
    Message,
    Pair,
    Preference,
    Record,
    Use,
    Verdict,
)
from ultramed.sources.general_sets import record
from ultramed.sources.locations import fetch_all

ROOT = Path(__file__).parents[2]
SETTINGS = params.load(ROOT / "params.yaml")
PLANTED = json.loads((ROOT / "tests/data/planted/general.json").read_text(encoding="utf-8"))
BECOMES = {"leak": "dropped", "exact_duplicate": "dropped", "tie": "dropped", "broken_row": "quarantined",
           "trailing_user_turn": "kept"}  # the reader cuts that turn off
SPLITS = {"MedQA,1": "train", "MedQA,2": "dev", "MedQA,3": "test", "MedQA,4": "train", "MedInstruct-52k,1": "train",
          "ChatDoctor,1": "train"}
MIXES = (("mix", "instructions", "ultramix"), ("mix", "preferences", "ultramix"), ("mix", "preferences", "ranked"))
DRUGS = ["Aspirin", "Heparin", "Warfarin", "Alteplase"]


def instructions() -> list[Instruction]:
    """Three exam items, one whose completion holds a benchmark question, a dialogue, and a row without rights."""
    exams = [exam(f"MedQA,{n}", f"Which drug is given on day {n}?", DRUGS, "D", rights="recipe") for n in range(1, 5)]
    talk = [Message("user", "My gums bleed."), Message("assistant", "Since when?"), Message("user", "For a week.")]
    return [*exams, asked("MedInstruct-52k,1", "", messages=talk, source="medinstruct_52k", rights="research"),
            asked("ChatDoctor,1", "What is scurvy?", source="chatdoctor", rights="quarantine")]


def leak() -> str:
    """A question of the benchmarks."""
    return json.loads((ROOT / "data/raw/sample/medqa_test/test.jsonl").read_text().splitlines()[0])["question"]


def answer(instruction: Instruction, author: str, text: str) -> Completion:
    letter = "D" if instruction.key else None
    return Completion(f"{instruction.id}@{author}", instruction.id, author, "", text, letter, 1, f"key {author}")


def use(row_id: str) -> Use:
    return Use(row_id, "attempt-1", "k", "h", "smollm2", "complete-exam", "p", 1, 1, 0.0, "ok")


def write(here: Path, name: str, kind: type[Record], rows: list[Any], **more: list[Any]) -> None:
    with tables.artifact(here / "data" / name) as folder:
        for table, found in {"rows": rows, **more}.items():
            tables.write(folder, table, type(found[0]) if found else kind, found)


def medical(here: Path) -> None:
    """The inputs of mix and rewardbench: curated, split, completed, candidates, one selected pair per instruction."""
    rows = instructions()
    verdicts = [Verdict(i.id, "test", "kept", "kept", "") for i in rows]
    said = {i.id: f"It is known.\n\n{leak()}" if i.id == "MedQA,4" else f"A full reply on {i.id}." for i in rows}
    pool = list(SETTINGS.candidates.pool)
    pairs = [Pair(f"{i.id}#{pool[0]}>{pool[1]}", i.id, f"{i.id}@{pool[0]}", f"{i.id}@{pool[1]}", 5, 3, 1, 2, 2, "easy",
                  SPLITS[i.id]) for i in rows]
    write(here, "curated", Instruction, rows, verdicts=verdicts)
    write(here, "split", Assignment, [Assignment(i.id, f"family of {i.id}", SPLITS[i.id]) for i in rows])
    write(here, "completed", Completion, [answer(i, "smollm2", said[i.id]) for i in rows], verdicts=verdicts,
          manifest=[use(i.id) for i in rows])
    for author in SETTINGS.candidates.authors:
        write(here, f"candidates/{author}", Completion, [
            answer(i, author, f"{said[i.id]} {author}") for i in rows], verdicts=verdicts)
    left = replace(pairs[0], id="MedQA,1#b>a", label_type="")
    write(here, "paired", Pair, [*pairs, left], selected=pairs)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Params, the sample's general sets and benchmarks as fetch leaves them, small medical artifacts; general and both
    mixtures have run. ShareGPT, normally denied, is allowed here so that its planted rows are read."""
    here = tmp_path_factory.mktemp("repository")
    text = (ROOT / "params.yaml").read_text()
    denied = "prefix: ShareGPT\n    rights: deny"
    assert denied in text
    (here / "params.yaml").write_text(text.replace(denied, denied.replace("deny", "open")))
    (here / "dvc.yaml").touch()
    for folder, pins in (("general", SETTINGS.general), ("benchmarks", SETTINGS.benchmarks)):
        absolute = {n: p.model_copy(update={"location": str(ROOT / p.location)}) for n, p in pins.items()}
        fetch_all(absolute, here / "data/raw" / folder)
    (here / "data/raw/human_labels").mkdir()
    (here / "data/raw/human_labels/labels.jsonl").touch()
    medical(here)
    for path, text_of_models in of_models(SETTINGS).items():
        tables.write_text(here / path, text_of_models)
    for stage in (("general",), *MIXES):
        done = run(here, *stage)
        assert done.returncode == 0, done.stderr
    return here


def run(here: Path, stage: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(here)}
    return subprocess.run([sys.executable, "-m", f"stages.models.{stage}", *arguments], cwd=here, env=environment,
                          text=True, capture_output=True, check=False)


def verdicts(here: Path, artifact: str) -> dict[str, Verdict]:
    found = list(tables.read(here / "data" / artifact, Verdict, "verdicts"))
    assert len({v.id for v in found}) == len(found)
    return {v.id: v for v in found}


def general(here: Path, name: str) -> list[Example] | list[Preference]:
    folder = here / "data/general" / name
    if record(SETTINGS.general[name]) is Example:
        return list(tables.read(folder, Example))
    return list(tables.read(folder, Preference))


@pytest.mark.parametrize("name", SETTINGS.general)
def test_general_gives_each_raw_row_one_verdict_and_keeps_what_it_says(repository: Path, name: str) -> None:
    raw = [p for p in (repository / "data/raw/general" / name).rglob("*") if p.is_file()]
    found, rows = verdicts(repository, f"general/{name}"), general(repository, name)
    assert len(found) == sum(len(p.read_text().splitlines()) for p in raw) > len(rows) >= 8
    assert [r.id for r in rows] == [v.id for v in found.values() if v.keep]
    assert {v.stage for v in found.values()} == {"general"} and all(v.keep or v.reason for v in found.values())
    assert {r.source for r in rows} == {name}
    assert all(r.id.startswith(f"{SETTINGS.general[name].prefix},") for r in rows)


@pytest.mark.parametrize("entry", PLANTED, ids=[f"{e['source']}-{e['kind']}" for e in PLANTED])
def test_planted_dirt_in_general_sets_is_found(repository: Path, entry: dict[str, Any]) -> None:
    prefix = SETTINGS.general[entry["source"]].prefix
    verdict = verdicts(repository, f"general/{entry['source']}")[f"{prefix},{entry['key']}"]
    assert verdict.outcome == BECOMES[entry["kind"]]
    if "of" in entry:
        assert verdict.code == entry["kind"]
        source, _, key = entry["of"].rpartition(":")
        of = f"{source},{int(key) - 1}" if entry["kind"] == "leak" else f"{SETTINGS.general[source].prefix},{key}"
        assert of in verdict.reason


def test_nothing_else_in_general_sets_is_held_back(repository: Path) -> None:
    held = {name: sum(not v.keep for v in verdicts(repository, f"general/{name}").values())
            for name in SETTINGS.general}
    planted = Counter(e["source"] for e in PLANTED if BECOMES[e["kind"]] != "kept")
    assert held == {name: planted[name] for name in SETTINGS.general}


def test_instructions_are_mixed_as_the_split_and_the_rights_say(repository: Path) -> None:
    found = verdicts(repository, "instructions/ultramix")
    assert {i: found[i].code for i in SPLITS} == {
        "MedQA,1": "drawn", "MedQA,2": "dev", "MedQA,3": "not_train", "MedQA,4": "leak", "MedInstruct-52k,1": "drawn",
        "ChatDoctor,1": "rights_quarantine"}
    rows, dev = (list(tables.read(repository / "data/instructions/ultramix", Example, t)) for t in ("rows", "dev"))
    assert [r.id for r in rows if r.source == "medical"] == ["MedQA,1", "MedInstruct-52k,1"]
    assert [r.id for r in dev] == ["MedQA,2"]
    first, talk = rows[:2]
    assert [(m.role, m.content) for m in first.messages] == [
        ("user", "Which drug is given on day 1?\n\nA. Aspirin\nB. Heparin\nC. Warfarin\nD. Alteplase"),
        ("assistant", "A full reply on MedQA,1.")]
    assert (first.family, first.rights) == ("family of MedQA,1", "recipe")
    assert [m.role for m in talk.messages] == ["user", "assistant", "user", "assistant"]


def test_pairs_are_mixed_with_their_texts(repository: Path) -> None:
    a, b = list(SETTINGS.candidates.pool)[:2]
    found = verdicts(repository, "preferences/ultramix")
    assert {i: found[f"{i}#{a}>{b}"].code for i in SPLITS} == {
        "MedQA,1": "drawn", "MedQA,2": "dev", "MedQA,3": "not_train", "MedQA,4": "leak", "MedInstruct-52k,1": "drawn",
        "ChatDoctor,1": "rights_quarantine"}
    row = next(tables.read(repository / "data/preferences/ultramix", Preference))
    assert (row.id, row.chosen, row.rejected, row.margin, row.label_type, row.family) == (
        f"MedQA,1#{a}>{b}", f"A full reply on MedQA,1. {a}", f"A full reply on MedQA,1. {b}", 2, "easy",
        "family of MedQA,1")


def test_all_rank_ordered_pairs_are_mixed_each_prompt_weighing_the_same(repository: Path) -> None:
    rows = list(tables.read(repository / "data/preferences/ranked", Preference))
    own = [r for r in rows if r.source == "ranked"]
    of_prompt = Counter(r.id.partition("#")[0] for r in own)
    assert of_prompt["MedQA,1"] == 2 and of_prompt["MedInstruct-52k,1"] == 1
    assert {r.id: r.weight for r in own} == {r.id: 1 / of_prompt[r.id.partition("#")[0]] for r in own}
    assert {r.weight for r in rows if r.source != "ranked"} == {1.0}


@pytest.mark.parametrize("kind", ["instructions", "preferences"])
def test_a_mixture_accounts_for_every_row_of_the_sets_it_names(repository: Path, kind: str) -> None:
    weights = SETTINGS.mixtures[kind]["ultramix"]
    read: type[Any] = Example if kind == "instructions" else Preference
    rows = list(tables.read(repository / "data" / kind / "ultramix", read))
    found = verdicts(repository, f"{kind}/ultramix")
    sets = {name: {r.id for r in general(repository, name)} for name in weights if name != params.MEDICAL}
    assert len(sets) == len(weights) - 1 > 0
    assert len(found) == len(SPLITS) + sum(map(len, sets.values()))
    for name, ids in sets.items():
        taken = {r.id for r in rows if r.source == name}
        assert taken == {i for i in ids if found[i].keep} and taken
        assert {found[i].code for i in ids} <= {"drawn", "not_drawn"}
    assert {r.source for r in rows} == set(weights)


def test_outputs_are_the_same_twice(repository: Path) -> None:
    def contents() -> dict[str, bytes]:
        folders = (repository / "data" / name for name in ("general", "instructions", "preferences"))
        return {str(p): p.read_bytes() for f in folders for p in sorted(f.rglob("*.parquet"))}

    before = contents()
    for stage in (("general",), *MIXES):
        assert run(repository, *stage).returncode == 0
    assert contents() == before and len(before) == 2 * len(SETTINGS.general) + 3 * 3


@pytest.mark.parametrize(("stage", "name", "said"), [
    ("mix", "preferences both", "mix: unknown mixture 'preferences both'; expected one of instructions ultramix, "),
    ("train", "nobody", "train: unknown model 'nobody'; expected one of sft, reward, "),
    ("train", "iterate-9", "train: unknown model 'iterate-9'; expected one of sft, reward, "),
    ("sample", "9", "sample: unknown round '9'; expected one of 1"),
    ("evaluate", "nobody", "evaluate: 'nobody' is not in evaluate.policies; expected one of base, sft, "),
    ("evaluate", "reward", "evaluate: 'reward' is not in evaluate.policies; expected one of base, sft, "),
    ("ensemble", "nobody", "ensemble: 'nobody' is not in evaluate.ensembles; expected one of sft"),
    ("ensemble", "reward", "ensemble: 'reward' is not in evaluate.ensembles; expected one of sft"),
    ("rewardbench", "nobody", "rewardbench: 'nobody' is not in evaluate.reward_models; expected one of reward"),
    ("rewardbench", "sft", "rewardbench: 'sft' is not in evaluate.reward_models; expected one of reward"),
])
def test_a_wrong_name_is_one_clear_line(tmp_path: Path, stage: str, name: str, said: str) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    assert_refused(run(tmp_path, stage, *name.split()), said)
    assert not (tmp_path / "data").exists() and not (tmp_path / "models").exists()


@pytest.mark.parametrize(("stage", "name"), [("sample", "1"), ("ensemble", "sft"), ("rewardbench", "reward")])
@pytest.mark.parametrize(("record", "what"), [('{"method": "dpo"}', "dpo"), ("{}", "not trained here")])
def test_a_reward_model_that_is_none_is_one_clear_line(
    repository: Path, tmp_path: Path, stage: str, name: str, record: str, what: str
) -> None:
    here = shutil.copytree(repository, tmp_path / "repository")
    (here / "models/transformers/reward").mkdir(parents=True)
    (here / "models/transformers/reward/training.json").write_text(record)
    assert_refused(run(here, stage, name),
                   f"models/transformers/reward: is a policy ({what}); expected a reward model")
    assert not any((here / "data" / n).exists() for n in ("sampled", "ensembles", "rewardbench"))


def test_a_policy_that_was_never_made_is_one_clear_line(repository: Path) -> None:
    assert_refused(run(repository, "evaluate", "base"), "models/identity/base.json: is not there; run `dvc repro`")
    assert not (repository / "data/evaluated").exists()


@pytest.mark.parametrize(("row", "preferred", "said"), [
    ("MedQA,2", "chosen", "human labels: refer to 1 pair(s) that are not in the test split, such as MedQA,2#"),
    ("MedQA,3", "first", "data/raw/human_labels/labels.jsonl:1: holds {'pair_id': 'MedQA,3#"),
    ("MedQA,3", "chosen", "models/transformers/reward: is "),  # they fit, and there is no model
])
def test_labels_that_do_not_fit_stop_rewardbench_with_one_line(
    repository: Path, tmp_path: Path, row: str, preferred: str, said: str
) -> None:
    here = shutil.copytree(repository, tmp_path / "repository")
    a, b = list(SETTINGS.candidates.pool)[:2]
    label = {"pair_id": f"{row}#{a}>{b}", "annotator": "r1", "preferred": preferred}
    (here / "data/raw/human_labels/labels.jsonl").write_text(json.dumps(label))
    assert_refused(run(here, "rewardbench", "reward"), said)


def assert_refused(done: subprocess.CompletedProcess[str], said: str) -> None:
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"ERROR {said}")
