"""Accuracy with confidence intervals, by task and over tasks. Unreadable answers count as wrong and are reported."""

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
    """The share of correct answers and its 95 % interval."""

    right: int
    total: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Mean:
    """The unweighted mean of task accuracies and its 95 % interval."""

    tasks: int
    share: float
    low: float
    high: float


def accuracy(right: int, total: int) -> Accuracy:
    """Wilson's score interval (1927), which stays within 0 and 1 and suits small samples."""
    if not total:
        return Accuracy(0, 0, 0.0, 0.0, 1.0)
    share, z = right / total, Z * Z
    middle = (share + z / (2 * total)) / (1 + z / total)
    half = Z * sqrt(share * (1 - share) / total + z / (4 * total * total)) / (1 + z / total)
    return Accuracy(right, total, share, max(0.0, middle - half), min(1.0, middle + half))


def mean(tasks: Iterable[Accuracy]) -> Mean:
    """The mean of independent tasks; each variance is computed with two correct and two wrong answers added (Agresti
    and Coull 1998), so that a small task without errors does not look certain."""
    scored = [t for t in tasks if t.total]
    if not scored:
        return Mean(0, 0.0, 0.0, 1.0)
    share = sum(t.share for t in scored) / len(scored)
    added = [((t.right + 2) / (t.total + 4), t.total + 4) for t in scored]
    half = Z * sqrt(sum(p * (1 - p) / n for p, n in added)) / len(scored)
    return Mean(len(scored), share, max(0.0, share - half), min(1.0, share + half))


def title(task: str) -> str:
    """A task's display name."""
    return NAMES.get(task) or task.replace("_", " ")


def by_task(predictions: Iterable[Prediction]) -> dict[str, Accuracy]:
    """Accuracy by task, in the order of TASKS, then other tasks by name."""
    rows = list(predictions)
    right, total = Counter(p.task for p in rows if p.correct), Counter(p.task for p in rows)
    order = [*(t for t in TASKS if t in total), *sorted(set(total) - set(TASKS))]
    return {task: accuracy(right[task], total[task]) for task in order}


def outcomes(predictions: Iterable[Prediction]) -> dict[str, int]:
    """How many answers were read, and why the others were not, most frequent first."""
    return dict(Counter(p.outcome for p in predictions).most_common())


def by_label(comparisons: Iterable[Comparison]) -> dict[str, Accuracy]:
    """Pair accuracy of a reward model by label type; equal rewards count as wrong."""
    rows = list(comparisons)
    right, total = Counter(c.label_type for c in rows if c.correct), Counter(c.label_type for c in rows)
    return {label: accuracy(right[label], total[label]) for label in sorted(total)}
