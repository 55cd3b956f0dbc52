"""A separate folder with a tiny model and two mixtures."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from training_rows import example, mixture, preference, tiny


@dataclass(frozen=True)
class Place:
    """Where a test trains; the current folder."""

    root: Path
    start: Path  # tiny policy
    instructions: Path
    preferences: Path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Uses one thread here and in test processes: two would wait for each other on a busy machine."""
    import torch

    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    return tiny(tmp_path_factory.mktemp("tiny") / "base")


@pytest.fixture
def place(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    names = ["Sodium", "Calcium", "Iron", "Zinc", "Copper", "Iodine", "Chloride", "Lithium"]
    examples = [example(f"MedQA,{n}", f"Which ion is {name}?", f"{name} is an ion.") for n, name in enumerate(names)]
    pairs = [preference(f"MedQA,{n}#a>b", f"{name} is an ion.", "I do not know.") for n, name in enumerate(names)]
    yield Place(tmp_path, tiny_model, mixture(tmp_path / "data/instructions/ultramix", examples, examples[:2]),
                mixture(tmp_path / "data/preferences/ultramix", pairs, pairs[:2]))
