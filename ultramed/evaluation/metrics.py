"""Accuracy with intervals, by task and over tasks. What could not be read counts as wrong, and is counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

from ultramed.records import Comparison, Prediction

Z = 1.959964  # two-sided 95 %
MMLU = ("anatomy", "clinical_knowledge", "college_biology", "college_medicine", "medical_genetics",
        "professional_medicine")
NAMES = {"medqa_test": "MedQA", "medmcqa_dev": "MedMCQA", "pubmedqa_test": "PubMedQA",
         **{f"mmlu_{name}": f"MMLU {name.replace('_', ' ')}" for name in MMLU}}
TASKS = tuple(NAMES)  # the paper's average is over these nine


@dataclass(frozen=True)
class Accuracy:
    """A share of right answers and its 95 % interval."""

    right: int
    total: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Mean:
    """The plain mean of tasks' accuracies and its 95 % interval."""

    tasks: int
    share: float
    low: float
    high: float


def accuracy(right: int, total: int) -> Accuracy:
    """Wilson's score interval (1927), which stays within 0 and 1 and is fit for few items."""
    if not total:
        return Accuracy(0, 0, 0.0, 0.0, 1.0)
    share, z = right / total, Z * Z
    middle = (share + z / (2 * total)) / (1 + z / total)
    half = Z * sqrt(share * (1 - share) / total + z / (4 * total * total)) / (1 + z / total)
    return Accuracy(right, total, share, max(0.0, middle - half), min(1.0, middle + half))


def mean(tasks: Iterable[Accuracy]) -> Mean:
    """The mean of independent tasks; each variance is taken with two right and two wrong answers added (Agresti and
    Coull 1998), so that a task of few items without a mistake does not pass for certain."""
    found = [t for t in tasks if t.total]
    if not found:
        return Mean(0, 0.0, 0.0, 1.0)
    share = sum(t.share for t in found) / len(found)
    added = [((t.right + 2) / (t.total + 4), t.total + 4) for t in found]
    half = Z * sqrt(sum(p * (1 - p) / n for p, n in added)) / len(found)
    return Mean(len(found), share, max(0.0, share - half), min(1.0, share + half))


def title(task: str) -> str:
    """A task's name as people write it."""
    return NAMES.get(task) or task.replace("_", " ")


def by_task(predictions: Iterable[Prediction]) -> dict[str, Accuracy]:
    """Accuracy by task, in the order of TASKS; other tasks follow by name."""
    rows = list(predictions)
    right, total = Counter(p.task for p in rows if p.correct), Counter(p.task for p in rows)
    order = [*(t for t in TASKS if t in total), *sorted(set(total) - set(TASKS))]
    return {task: accuracy(right[task], total[task]) for task in order}


def outcomes(predictions: Iterable[Prediction]) -> dict[str, int]:
    """How many answers could be read, and what became of the others, most frequent first."""
    return dict(Counter(p.outcome for p in predictions).most_common())


def by_label(comparisons: Iterable[Comparison]) -> dict[str, Accuracy]:
    """Pair accuracy of a reward model by label type; equal rewards are wrong."""
    rows = list(comparisons)
    right, total = Counter(c.label_type for c in rows if c.correct), Counter(c.label_type for c in rows)
    return {label: accuracy(right[label], total[label]) for label in sorted(total)}
