"""MedMCQA's dev set, 4,183 questions (medmcqa/medmcqa): the keys of its test set are not public."""

from collections.abc import Iterator
from pathlib import Path

from ultramed.records import BenchmarkItem
from ultramed.sources import medmcqa
from ultramed.sources.benchmarks.items import items


def questions(folder: Path) -> Iterator[BenchmarkItem]:
    """The questions of the files under `folder`."""
    return items(folder, medmcqa.read(folder))
