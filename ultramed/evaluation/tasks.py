"""The tasks a policy is evaluated on: benchmark items, drawn by id, asked in the form that policies are trained in."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel

from ultramed.exam import explained
from ultramed.ledger.requests import Request, Sampling
from ultramed.params import Benchmark, Evaluate
from ultramed.prompts import Prompt, render
from ultramed.records import BenchmarkItem
from ultramed.seeds import draw, seed_of
from ultramed.sources.benchmarks.read import questions


def task_of(item: BenchmarkItem, form: str) -> str:
    """medqa, medmcqa, pubmedqa; of MMLU each subject is a task of its own."""
    if form != "mmlu":
        return form
    return "mmlu_" + item.id.partition(",")[2].rpartition("/")[0].removesuffix("_test")


def chosen(benchmarks: dict[str, Benchmark], raw: Path, count: int | None, seed: int) -> dict[str, list[BenchmarkItem]]:
    """Items by task, `count` of each drawn by the hash of their ids; all for None."""
    tasks: dict[str, dict[str, BenchmarkItem]] = {}
    for name, benchmark in benchmarks.items():
        for item in questions(benchmark.format, raw / name):
            tasks.setdefault(task_of(item, benchmark.format), {})[item.id] = item
    return {task: [items[i] for i in draw(sorted(items), count, seed, "evaluate", task)]
            for task, items in tasks.items()}


def requests(items: Iterable[BenchmarkItem], plan: Evaluate, sampling: list[Sampling]) -> list[Request]:
    """One request an item and sampling."""
    return [Request(item.id, f"answer-{n + 1}", prompt(item, plan.format), s, reply_type(item, plan), n)
            for item in items for n, s in enumerate(sampling)]


def greedy(plan: Evaluate) -> list[Sampling]:
    return [Sampling(0.0, plan.max_tokens, 0)]


def draws(plan: Evaluate, samples: int, temperature: float, top_p: float, seed: int) -> list[Sampling]:
    """Samplings that differ in their seed alone."""
    return [Sampling(temperature, plan.max_tokens, seed_of(seed, "ensemble", n), top_p) for n in range(samples)]


def prompt(item: BenchmarkItem, form: str) -> Prompt:
    """The question as instructions put it: context, stem, blank line, options."""
    stem = f"Context: {item.context}\n\nQuestion: {item.question}" if item.context else item.question
    options = "\n".join(f"{o.letter}. {o.text}" for o in item.options)
    return render("complete-exam-json" if form == "json" else "question", question=f"{stem}\n\n{options}")


def reply_type(item: BenchmarkItem, plan: Evaluate) -> type[BaseModel] | None:
    return explained(len(item.options), plan.max_tokens) if plan.format == "json" else None


