"""What the models of ours came to: how they were trained, how they answer, how they rank."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ultramed import artifacts, tables
from ultramed.evaluation.metrics import Accuracy, Mean, by_label, by_task, mean, outcomes
from ultramed.gates.store import Store
from ultramed.params import Params
from ultramed.records import Comparison, Prediction


@dataclass(frozen=True)
class Result:
    """One policy in one mode of answering."""

    policy: str
    mode: str  # greedy | self-consistency | best-of-n
    tasks: dict[str, Accuracy]
    mean: Mean
    outcomes: dict[str, int]


@dataclass(frozen=True)
class Ranking:
    """One reward model on the Medical RewardBench."""

    model: str
    labels: dict[str, Accuracy]
    mean: Mean  # over label types, as the paper has it
    reviewed: bool


def results(store: Store) -> list[Result]:
    """Greedy results in the order of the params, then those of ensembles; only of what was evaluated."""
    found = []
    for artifact in (artifacts.EVALUATED, artifacts.ENSEMBLES):
        for name, folder in store.parts(artifact).items():
            rows = _read(folder, Prediction)
            for mode in dict.fromkeys(r.mode for r in rows):
                own = [r for r in rows if r.mode == mode]
                tasks = by_task(own)
                found.append(Result(name, mode, tasks, mean(tasks.values()), outcomes(own)))
    return found


def rankings(store: Store) -> list[Ranking]:
    """Reward models, in the order of the params; only those that were compared on a pair at least."""
    found = []
    for name, folder in store.parts(artifacts.REWARDBENCH).items():
        if rows := _read(folder, Comparison):
            labels = by_label(rows)
            found.append(Ranking(name, labels, mean(labels.values()), all(r.reviewed for r in rows)))
    return found


def trainings(store: Store) -> dict[str, dict[str, Any]]:
    """What was written down of each model of ours, by name; the base has nothing."""
    paths = {name: store.base / artifacts.MODELS / name / artifacts.RECORD for name in store.params.ours}
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.exists()}


def curve(store: Store, model: str) -> dict[str, list[tuple[int, float]]]:
    """Points (step, value) of a model's training curves, by name: train/loss, dev/margin …"""
    folder = store.base / artifacts.CURVES / model
    found = {}
    for path in sorted(folder.rglob("*.tsv")):
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
        name = path.relative_to(folder).with_suffix("").as_posix()
        found[name] = [(int(step), float(value)) for step, value in lines]
    return found


def numbers(store: Store) -> dict[str, dict[str, float]]:
    """Mean accuracy over tasks, by policy and mode; mean pair accuracy over label types, by reward model."""
    accuracy = {r.policy if r.mode == "greedy" else f"{r.policy} {r.mode}": round(r.mean.share, 4)
                for r in results(store)}
    return {"accuracy": accuracy, "pair_accuracy": {r.model: round(r.mean.share, 4) for r in rankings(store)}}


def write(params: Params, base: Path = Path(".")) -> None:
    """Write `results.json` under `base`: what `dvc exp show` compares of models."""
    tables.write_text(base / "results.json", json.dumps(numbers(Store(params, base)), indent=1) + "\n")


def as_plain(store: Store) -> dict[str, Any]:
    """Everything for machines."""
    return {"results": [asdict(r) for r in results(store)], "rankings": [asdict(r) for r in rankings(store)],
            "trainings": trainings(store)}


def _read(folder: Path, kind: type[Any]) -> list[Any]:
    return list(tables.read(folder, kind)) if any(folder.glob("rows-*.parquet")) else []
