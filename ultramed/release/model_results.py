"""A model's results, from its predictions and comparisons, and in the Hub's two formats.

`.eval_results/<task>.yaml` files a result under a benchmark on the Hub and puts it on that benchmark's leaderboard. So
only greedy answers to all items of a data set on the Hub are filed there; results on the sample that ships with this
project, on a part, or on a file from elsewhere appear only in the card.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ultramed import artifacts, tables
from ultramed.evaluation import metrics
from ultramed.evaluation.metrics import Accuracy, Mean
from ultramed.evaluation.tasks import benchmark_of
from ultramed.params import Params, Pin
from ultramed.records import Comparison, Prediction
from ultramed.release.cards import SAMPLE, yaml_text
from ultramed.sources import hub

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

GREEDY = "greedy"


@dataclass(frozen=True)
class Mode:
    """One way of answering the tasks."""

    name: str  # greedy, self-consistency of 3 …
    tasks: dict[str, Accuracy]
    nine: Mean  # over those of the paper's nine tasks that were asked
    outcomes: dict[str, int]  # answered, unreadable, truncated …


@dataclass(frozen=True)
class Results:
    modes: list[Mode]  # of a policy
    labels: dict[str, Accuracy]  # pair accuracy of a reward model by label type
    reviewed: int  # pairs on whose order human reviewers agreed

    @property
    def pairs(self) -> int:
        return sum(accuracy.total for accuracy in self.labels.values())

    @property
    def all_pairs(self) -> Accuracy:
        return metrics.accuracy(sum(accuracy.right for accuracy in self.labels.values()), self.pairs)


def measure(settings: Params, name: str) -> Results:
    """The results that params name for this model, if they exist."""
    plan, predictions = settings.evaluate, dict[str, list[Prediction]]()
    answered = ((artifacts.EVALUATED, plan.policies), (artifacts.ENSEMBLES, plan.ensembles))
    for folder, names in answered:
        for row in tables.read(folder / name, Prediction) if name in names and (folder / name).is_dir() else ():
            predictions.setdefault(row.mode, []).append(row)
    pairs = artifacts.REWARDBENCH / name
    compared = list(tables.read(pairs, Comparison)) if name in plan.reward_models and pairs.is_dir() else []
    return Results([_mode(settings, name, mode, rows) for mode, rows in predictions.items()],
                   metrics.by_label(compared), sum(c.reviewed for c in compared))


def _mode(settings: Params, name: str, mode: str, rows: list[Prediction]) -> Mode:
    tasks = metrics.by_task(rows)
    nine = metrics.mean(accuracy for task, accuracy in tasks.items() if task in metrics.TASKS)
    title = mode if mode == GREEDY else f"{mode} of {settings.evaluate.ensembles[name].samples}"
    return Mode(title.replace("best-of-n of", "best of"), tasks, nine, metrics.outcomes(rows))


def pin(settings: Params, task: str) -> Pin | None:
    """Where a task's items were read from."""
    benchmark = benchmark_of(task, settings.benchmarks)
    return settings.benchmarks[benchmark] if benchmark else None


def origin(settings: Params, task: str) -> str:
    """Where a task's items come from, in words; never a path."""
    source = pin(settings, task)
    if source is None:
        return "unknown"
    if source.location.startswith(SAMPLE):
        return "sample, written for this project"
    return _hub_id(source) or f"file {(source.sha256 or '')[:12]}"


def files(settings: Params, results: Results) -> dict[str, str]:
    """`.eval_results/<task>.yaml`, by path."""
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    texts: dict[str, str] = {}
    for task, accuracy in _greedy(results).items():
        source = pin(settings, task)
        if settings.evaluate.items is None and source and (dataset := _hub_id(source)):
            entry = EvalResultEntry(dataset, _task_id(settings, task), round(accuracy.share, 4), source.revision,
                                    notes=f"{accuracy.total} items, greedy, zero-shot; 95 % interval "
                                          f"{accuracy.low:.4f} to {accuracy.high:.4f}; unreadable answers are wrong")
            texts[f".eval_results/{task}.yaml"] = yaml_text(eval_result_entries_to_yaml([entry]))
    return texts


def index(settings: Params, results: Results) -> "list[EvalResult]":
    """All results in the form of a card's `model-index`."""
    from huggingface_hub import EvalResult

    entries = []
    for mode in results.modes:
        for task, accuracy in mode.tasks.items():
            source = pin(settings, task)
            dataset = _hub_id(source) if source else ""
            config = _task_id(settings, task) if dataset else task
            entries.append(EvalResult(
                "text-generation", dataset or "custom", f"{metrics.title(task)} ({origin(settings, task)})", "accuracy",
                round(accuracy.share, 4), "Multiple choice", dataset_config=config,
                dataset_revision=source.revision if source and dataset else None, metric_name=f"Accuracy, {mode.name}",
                metric_args=_interval(accuracy),
            ))
    for label, accuracy in results.labels.items():
        seen = "reviewed" if results.reviewed else "unreviewed"
        entries.append(EvalResult(
            "text-classification", "custom", f"Preference pairs of the split test ({seen})", "accuracy",
            round(accuracy.share, 4), "Preference", dataset_config=label, dataset_split="test",
            metric_name=f"Pair accuracy, {label}", metric_args=_interval(accuracy),
        ))
    return entries


def _greedy(results: Results) -> dict[str, Accuracy]:
    return next((mode.tasks for mode in results.modes if mode.name == GREEDY), {})


def _interval(accuracy: Accuracy) -> dict[str, Any]:
    return {"items": accuracy.total, "low_95": round(accuracy.low, 4), "high_95": round(accuracy.high, 4)}


def _task_id(settings: Params, task: str) -> str:
    """The name of a data set's part, which is the subject."""
    return task.removeprefix(benchmark_of(task, settings.benchmarks) or "").removeprefix("_") or "default"


def _hub_id(source: Pin) -> str:
    """owner/name of a data set on the Hub; otherwise empty."""
    on_hub = source.location.startswith(hub.SCHEME)
    return hub.parse("raw", source.location).repo_id if on_hub else ""
