"""MedQA's US test set, 4 options, 1,273 questions (jind11/MedQA, questions/US/4_options)."""

from collections.abc import Iterator
from pathlib import Path

from ultramed.records import BenchmarkItem
from ultramed.sources import medqa
from ultramed.sources.benchmarks.items import items


def questions(folder: Path) -> Iterator[BenchmarkItem]:
    """The questions of the files under `folder`."""
    return items(folder, medqa.read(folder))
