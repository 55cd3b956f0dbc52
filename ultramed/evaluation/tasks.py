"""Evaluation tasks: the items of a benchmark, or of one of its subjects, and their task kind.

A benchmark's format declares its kind unless `benchmarks.<name>.kind` in params does. To add a kind, add a file.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from pydantic import BaseModel

from ultramed import registry
from ultramed.artifacts import BENCHMARKS
from ultramed.errors import SourceError
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Benchmark, Ensemble, Evaluate, Params
from ultramed.prompts import Prompt
from ultramed.records import AnswerOutcome, BenchmarkItem
from ultramed.seeds import draw, seed_of
from ultramed.sources.questions import FORMATS, questions

KINDS = "ultramed.evaluation.kinds"
Judge = Callable[[list[Request]], list[Answer]]  # answers of the judge named in params


class Read(NamedTuple):
    """What an answer says."""

    letter: str | None  # None if it chose none, or the task has no options
    outcome: AnswerOutcome
    text: str


Answered = tuple[BenchmarkItem, Read]


class Kind(Protocol):
    """How a task's items are asked, read and graded. Each module of `ultramed.evaluation.kinds` is one."""

    NEEDS: tuple[str, ...]  # fields of a BenchmarkItem that must not be empty

    def prompt(self, item: BenchmarkItem, form: str) -> Prompt:
        """The prompt for a policy; `form` is evaluate.format."""

    def reply_type(self, item: BenchmarkItem, plan: Evaluate) -> type[BaseModel] | None:
        """The schema of the reply; None for free text."""

    def read(self, item: BenchmarkItem, answer: Answer, unread: Read) -> Read:
        """What a usable reply says; `unread` if it gives no answer."""

    def grade(self, answered: list[Answered], judge: Judge) -> list[bool]:
        """Whether each answer is correct. One without a verdict is wrong."""


@dataclass(frozen=True)
class Task:
    name: str  # the benchmark's, or <benchmark>_<subject>
    items: list[BenchmarkItem]
    kind: Kind


def tasks(settings: Params, base: Path = Path(".")) -> list[Task]:
    """All tasks, each with `evaluate.items` items drawn by the hash of their ids.

    Raises SourceError for an item its task kind cannot use, or if two tasks share a name.
    """
    all_tasks: list[Task] = []
    for name, benchmark in settings.benchmarks.items():
        all_tasks += _tasks(name, benchmark, base / BENCHMARKS / name, settings)
    names = [task.name for task in all_tasks]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SourceError(f"benchmarks: {min(twice)}", "is the name of two tasks; expected one",
                          "rename a benchmark in params.yaml")
    return all_tasks


def benchmark_of(task: str, benchmarks: Iterable[str]) -> str | None:
    """The benchmark a task belongs to; None if it is unknown."""
    return max((name for name in benchmarks if task == name or task.startswith(f"{name}_")), key=len, default=None)


def requests(task: Task, plan: Evaluate, sampling: list[Sampling]) -> list[Request]:
    """One request per item and sampling."""
    return [Request(item.id, f"answer-{n + 1}", task.kind.prompt(item, plan.format), s,
                    task.kind.reply_type(item, plan), n) for item in task.items for n, s in enumerate(sampling)]


def greedy(plan: Evaluate) -> list[Sampling]:
    return [Sampling(0.0, plan.max_tokens, 0)]


def draws(plan: Evaluate, ensemble: Ensemble, seed: int) -> list[Sampling]:
    """Samplings that differ only in their seed."""
    return [Sampling.of(ensemble, plan.max_tokens, seed_of(seed, "ensemble", n)) for n in range(ensemble.samples)]


def _tasks(name: str, benchmark: Benchmark, folder: Path, settings: Params) -> list[Task]:
    kind = cast(Kind, registry.load(KINDS, benchmark.kind or registry.load(FORMATS, benchmark.format).KIND))
    subjects: dict[str | None, dict[str, BenchmarkItem]] = {}
    for item in questions(name, benchmark, folder):
        if empty := [field for field in kind.NEEDS if not getattr(item, field)]:
            raise SourceError(item.id, f"has no {empty[0]}, which its kind of task needs",
                              f"correct benchmarks.{name} in params.yaml")
        subjects.setdefault(item.subject, {})[item.id] = item
    subject_tasks = []
    for subject, items in subjects.items():
        seed_name = f"{benchmark.format}_{subject}" if subject else benchmark.format  # ids differ between benchmarks
        drawn = draw(sorted(items), settings.evaluate.items, settings.seed, "evaluate", seed_name)
        subject_tasks.append(Task(f"{name}_{subject}" if subject else name, [items[i] for i in drawn], kind))
    return subject_tasks
