"""The tasks a policy is evaluated on: a benchmark's items, or those of one of its subjects, and the kind of their task.

A benchmark's format declares its kind, or `benchmarks.<name>.kind` in params does. Adding a kind is adding a file.
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
from ultramed.params import Benchmark, Evaluate, Params
from ultramed.prompts import Prompt
from ultramed.records import AnswerOutcome, BenchmarkItem
from ultramed.seeds import draw, seed_of
from ultramed.sources.questions import FORMATS, questions

KINDS = "ultramed.evaluation.kinds"
Judge = Callable[[list[Request]], list[Answer]]  # answers of the model that params name as judge


class Read(NamedTuple):
    """What an answer says."""

    letter: str | None  # None where it chose none, or the task has no options
    outcome: AnswerOutcome
    text: str


Answered = tuple[BenchmarkItem, Read]


class Kind(Protocol):
    """How the items of a task are asked, read and graded. A module of `ultramed.evaluation.kinds` is one."""

    NEEDS: tuple[str, ...]  # fields of a BenchmarkItem that must be filled

    def prompt(self, item: BenchmarkItem, form: str) -> Prompt:
        """What a policy is asked; `form` is evaluate.format."""

    def reply_type(self, item: BenchmarkItem, plan: Evaluate) -> type[BaseModel] | None:
        """The shape its reply must have; None for free text."""

    def read(self, item: BenchmarkItem, answer: Answer, unread: Read) -> Read:
        """What a usable reply says; `unread` where it says nothing that counts."""

    def grade(self, answered: list[Answered], judge: Judge) -> list[bool]:
        """Whether each answer is right. One that has no verdict is wrong."""


@dataclass(frozen=True)
class Task:
    name: str  # the benchmark's, or <benchmark>_<subject>
    items: list[BenchmarkItem]
    kind: Kind


def tasks(settings: Params, base: Path = Path(".")) -> list[Task]:
    """All tasks, `evaluate.items` items of each drawn by the hash of their ids.

    Raises SourceError for an item that its kind of task cannot use, and where two tasks would have one name.
    """
    found: list[Task] = []
    for name, benchmark in settings.benchmarks.items():
        found += _tasks(name, benchmark, base / BENCHMARKS / name, settings)
    names = [task.name for task in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SourceError(f"benchmarks: {min(twice)}", "is the name of two tasks; expected one",
                          "rename a benchmark in params.yaml")
    return found


def benchmark_of(task: str, benchmarks: Iterable[str]) -> str | None:
    """The benchmark that a task belongs to; None for an unknown one."""
    return max((name for name in benchmarks if task == name or task.startswith(f"{name}_")), key=len, default=None)


def requests(task: Task, plan: Evaluate, sampling: list[Sampling]) -> list[Request]:
    """One request an item and sampling."""
    return [Request(item.id, f"answer-{n + 1}", task.kind.prompt(item, plan.format), s,
                    task.kind.reply_type(item, plan), n) for item in task.items for n, s in enumerate(sampling)]


def greedy(plan: Evaluate) -> list[Sampling]:
    return [Sampling(0.0, plan.max_tokens, 0)]


def draws(plan: Evaluate, samples: int, temperature: float, top_p: float, seed: int) -> list[Sampling]:
    """Samplings that differ in their seed alone."""
    return [Sampling(temperature, plan.max_tokens, seed_of(seed, "ensemble", n), top_p) for n in range(samples)]


def _tasks(name: str, benchmark: Benchmark, folder: Path, settings: Params) -> list[Task]:
    kind = cast(Kind, registry.load(KINDS, benchmark.kind or registry.load(FORMATS, benchmark.format).KIND))
    subjects: dict[str | None, dict[str, BenchmarkItem]] = {}
    for item in questions(name, benchmark, folder):
        if empty := [field for field in kind.NEEDS if not getattr(item, field)]:
            raise SourceError(item.id, f"has no {empty[0]}, which its kind of task needs",
                              f"correct benchmarks.{name} in params.yaml")
        subjects.setdefault(item.subject, {})[item.id] = item
    found = []
    for subject, items in subjects.items():
        seed_name = f"{benchmark.format}_{subject}" if subject else benchmark.format  # ids tell benchmarks apart
        drawn = draw(sorted(items), settings.evaluate.items, settings.seed, "evaluate", seed_name)
        found.append(Task(f"{name}_{subject}" if subject else name, [items[i] for i in drawn], kind))
    return found
