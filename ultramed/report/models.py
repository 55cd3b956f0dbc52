"""Results of the models trained here: training, accuracy and pair accuracy."""

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
    """One policy in one answering mode."""

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
    mean: Mean  # over label types, as in the paper
    reviewed: bool


def results(store: Store) -> list[Result]:
    """Greedy results in params order, then ensembles; only for evaluated policies."""
    policies = []
    for artifact in (artifacts.EVALUATED, artifacts.ENSEMBLES):
        for name, folder in store.parts(artifact).items():
            rows = _read(folder, Prediction)
            for mode in dict.fromkeys(r.mode for r in rows):
                own = [r for r in rows if r.mode == mode]
                tasks = by_task(own)
                policies.append(Result(name, mode, tasks, mean(tasks.values()), outcomes(own)))
    return policies


def rankings(store: Store) -> list[Ranking]:
    """Reward models in params order; only those compared on at least one pair."""
    reward_models = []
    for name, folder in store.parts(artifacts.REWARDBENCH).items():
        if rows := _read(folder, Comparison):
            labels = by_label(rows)
            reward_models.append(Ranking(name, labels, mean(labels.values()), all(r.reviewed for r in rows)))
    return reward_models


def trainings(store: Store) -> dict[str, dict[str, Any]]:
    """The training record of each model trained here, by name; the base has none."""
    paths = {name: store.base / artifacts.MODELS / name / artifacts.RECORD for name in store.params.ours}
    return {name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.exists()}


def curve(store: Store, model: str) -> dict[str, list[tuple[int, float]]]:
    """Points (step, value) of a model's training curves, by name: train/loss, dev/margin …"""
    folder = store.base / artifacts.CURVES / model
    points = {}
    for path in sorted(folder.rglob("*.tsv")):
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
        name = path.relative_to(folder).with_suffix("").as_posix()
        points[name] = [(int(step), float(value)) for step, value in lines]
    return points


def numbers(store: Store) -> dict[str, dict[str, float]]:
    """Mean accuracy over tasks, by policy and mode; mean pair accuracy over label types, by reward model."""
    accuracy = {r.policy if r.mode == "greedy" else f"{r.policy} {r.mode}": round(r.mean.share, 4)
                for r in results(store)}
    return {"accuracy": accuracy, "pair_accuracy": {r.model: round(r.mean.share, 4) for r in rankings(store)}}


def write(params: Params, base: Path = Path(".")) -> None:
    """Write `results.json` under `base`: the model figures that `dvc exp show` compares."""
    tables.write_text(base / "results.json", json.dumps(numbers(Store(params, base)), indent=1) + "\n")


def as_plain(store: Store) -> dict[str, Any]:
    """All results, for machines."""
    return {"results": [asdict(r) for r in results(store)], "rankings": [asdict(r) for r in rankings(store)],
            "trainings": trainings(store)}


def _read(folder: Path, kind: type[Any]) -> list[Any]:
    return list(tables.read(folder, kind)) if any(folder.glob("rows-*.parquet")) else []
