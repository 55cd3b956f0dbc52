"""MedQA's US test set, 4 options, 1,273 questions (jind11/MedQA, questions/US/4_options)."""

from collections.abc import Iterator
from pathlib import Path

from ultramed.evaluation.benchmarks import BenchmarkItem, items
from ultramed.sources import medqa


def questions(folder: Path) -> Iterator[BenchmarkItem]:
    """The questions of the files under `folder`."""
    return items(folder, medqa.read(folder))
