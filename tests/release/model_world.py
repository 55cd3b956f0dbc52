"""Trained models for release tests: folders as training leaves them, their mixtures and results.

    model    method   start   learnt from                                        class
    sft      sft      base    6 MedQuad rows (open)                              open
    reward   reward   base    4 MedQuad pairs (open), 2 ultrainteract (research) research
    dpo      dpo      sft     the same pairs                                     research
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from release_world import PROJECT
from ruamel.yaml import YAML

from ultramed import artifacts, params, tables
from ultramed.gates.content import content_hash
from ultramed.params import Params
from ultramed.records import Comparison, Example, Message, Prediction, Preference
from ultramed.sources.models import weights_hash
from ultramed.training.job import data_hash

HUB = "hf://datasets/someone/medqa/test.jsonl"
REVISION = "0" * 39 + "1"
ASKED = [Message("user", "Which ion falls?")]
PAIRS = {"medical": 4, "ultrainteract": 2}
ROWS = {"sft": {"medical": 6}, "reward": PAIRS, "dpo": PAIRS, "iterate-1": PAIRS}
STARTS = {"sft": "base", "reward": "base", "dpo": "sft"}


def write_params(folder: Path) -> Params:
    """The project's params, with a base that is not for demonstration, few steps, and one Hub benchmark."""
    yaml = YAML()
    values = yaml.load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    values["checks"] = {name: values["checks"][name] for name in ("curated", "paired")}
    values["models"]["local"]["smollm2"]["demonstration"] = False
    values["benchmarks"]["medqa_test"] = {"location": HUB, "revision": REVISION, "format": "medqa"}
    values["evaluate"]["items"] = None
    values["training"]["lora"] = None
    for trained in values["train"].values():
        trained |= {"steps": 2, "max_length": 256}
    yaml.dump(values, folder / "params.yaml")
    return params.load()


def change_params(folder: Path, *path: str, value: Any) -> Params:
    """Set one value of the params in a folder."""
    yaml, file = YAML(), folder / "params.yaml"
    values = yaml.load(file.read_text(encoding="utf-8"))
    inner = values
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    yaml.dump(values, file)
    return params.load(file)


INSTRUCTIONS, PREFERENCES = artifacts.INSTRUCTIONS / "ultramix", artifacts.PREFERENCES / "ultramix"
RANKED = artifacts.PREFERENCES / "ranked"


def write_mixtures() -> None:
    answers = [Message("assistant", "Potassium falls.")]
    examples = [Example(f"MedQuad,{n}", "medical", ASKED + answers, f"MedQuad,{n}", "open") for n in range(6)]
    pairs = [_pair(f"MedQuad,{n}#a>b", "medical", "open") for n in range(4)]
    pairs += [_pair(f"UltraInteract,{n}", "ultrainteract", "research") for n in range(2)]
    _write(INSTRUCTIONS, Example, rows=examples, dev=examples[:2])
    for mixture in (PREFERENCES, RANKED):
        _write(mixture, Preference, rows=pairs, dev=pairs[:2])


def write_results(models: Iterable[str] = ("sft",)) -> None:
    """Of three MedQA items, two are right and one is unreadable; the anatomy item is wrong. Of three pairs, the hard
    one has equal rewards and the easy ones are right."""
    for name in models:
        found = [_answer(name, n, "medqa_test", letter) for n, letter in enumerate("AA?")]
        _write(artifacts.EVALUATED / name, Prediction, rows=[*found, _answer(name, 9, "mmlu_anatomy", "B")])
        both = [_answer(name, 0, "medqa_test", "A", mode) for mode in ("self-consistency", "best-of-n")]
        _write(artifacts.ENSEMBLES / name, Prediction, rows=both)
    pairs = [Comparison(str(n), "easy" if n else "hard", 2.0 if n else 1.0, 1.0, False) for n in range(3)]
    _write(artifacts.REWARDBENCH / "reward", Comparison, rows=pairs)


def write_models() -> None:
    """Folders with placeholder weights and records, and a dvc.lock that names them."""
    write_mixtures()
    write_results()
    write_files(artifacts.MODELS / "base")
    for name, start in STARTS.items():
        write_files(artifacts.MODELS / name)
        data = {"sft": INSTRUCTIONS, "reward": RANKED}.get(name, PREFERENCES)
        hashes = {"start": weights_hash(artifacts.MODELS / start), "data": data_hash(data)}
        write_record(name, record(name, start, hashes))
    lock()


def record(name: str, start: str, hashes: dict[str, str]) -> dict[str, Any]:
    return {
        "name": name, "start": start, "method": name, "steps": 2, "epochs": 0.5, "seed": 7, "demonstration": False,
        "hashes": hashes,
        "rights": "open" if name == "sft" else "research", "rows": ROWS[name], "dev_rows": 2, "too_long": 0,
        "recipe": {"from": start, "method": name, "batch": 2, "loss": None},
        "training": {"lora": {"rank": 4}, "launch": "/home/somebody/accelerate.yaml"},
        "figures": {"train/loss": 1.25}, "versions": {"trl": "1.16.0"},
    }


def write_record(name: str, values: dict[str, Any]) -> None:
    (artifacts.MODELS / name / "training.json").write_text(json.dumps(values), encoding="utf-8")


def change_record(model: str, /, **changes: Any) -> None:
    path = artifacts.MODELS / model / "training.json"
    write_record(model, json.loads(path.read_text(encoding="utf-8")) | changes)


def lock() -> None:
    """A dvc.lock that names the models as they are on disk."""
    outs = [{"path": str(p), "md5": content_hash(p)} for p in sorted(artifacts.MODELS.iterdir())]
    Path("dvc.lock").write_text(json.dumps({"stages": {"train": {"outs": outs}}}), encoding="utf-8")


def write_files(folder: Path) -> None:
    """The files in a model's folder, except its record."""
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "chat_template.jinja"):
        (folder / name).write_text(f"{folder.name} {name}", encoding="utf-8")


def _pair(row_id: str, source: str, rights: str) -> Preference:
    return Preference(row_id, source, ASKED, "Potassium falls.", "Nothing.", 2, "easy", row_id, rights)


def _answer(policy: str, n: int, task: str, letter: str, mode: str = "greedy") -> Prediction:
    read = None if letter == "?" else letter
    return Prediction(f"{task},{n}@{policy}", f"{task},{n}", task, policy, mode, "A", read,
                      "answered" if read else "unreadable", "<b>text of an answer</b>", read == "A")


def _write(path: Path, kind: type, **rows: list) -> None:
    with tables.artifact(path) as folder:
        for table, found in rows.items():
            tables.write(folder, table, kind, found)
