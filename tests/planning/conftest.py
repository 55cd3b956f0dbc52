"""A folder with the project's params, some artifacts of known size, and assumptions that make arithmetic easy."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from plan_world import changed, lock
from ruamel.yaml import YAML

from ultramed import params, tables
from ultramed.planning.assumptions import load
from ultramed.planning.built import Built
from ultramed.planning.flow import Flow, Need

ROOT = Path(__file__).parents[2]
MADE = {  # stage → its output and number of rows
    "screen": ("data/screened", 30),
    "curate": ("data/curated", 14),
    "mix-instructions@ultramix": ("data/instructions/ultramix", 20),
    "mix-preferences@ultramix": ("data/preferences/ultramix", 40),
    "mix-preferences@ranked": ("data/preferences/ranked", 40),
}
EASY = {  # low, expected, high
    "json": (1, 1, 2), "tries.again": (0, 0.5, 1), "complete.missed": (0, 0.5, 1), "complete.unsolved": (0, 0.25, 1),
    "evolve.kept": (0.5, 0.5, 1), "write.answer": (100, 100, 100),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    for path, rows in MADE.values():
        Path(path).mkdir(parents=True)
        tables.write_arrow(Path(path) / "rows-00000-of-00001.parquet", pa.table({"id": ["row"] * rows}))
    lock({name: {"outs": [{"path": path}]} for name, (path, _) in MADE.items()})
    assume(**{name: dict(zip(("low", "expected", "high"), values, strict=True)) for name, values in EASY.items()})
    return tmp_path


def assume(**numbers: dict[str, float]) -> None:
    """Change numbers of conf/plan.yaml in the current folder."""
    path = Path("conf/plan.yaml")
    tree = YAML(typ="safe").load(path.read_text())
    for name, values in numbers.items():
        tree["numbers"][name] = values | {"why": "test"}
    path.write_text(json.dumps(tree))


@pytest.fixture
def flow(world: Path) -> Callable[..., Flow]:
    """Rows and requests for the params in the folder, with sections changed."""
    def made(**sections: dict[str, Any]) -> Flow:
        settings = changed(params.load(), **sections)
        return Flow(settings, load(), Built(settings))
    return made


@pytest.fixture
def need(flow: Callable[..., Flow]) -> Callable[..., Need]:
    """The requests of a stage to a model."""
    def needed(stage: str, **sections: dict[str, Any]) -> Need:
        (requests,) = [n for (asking, model), n in flow(**sections).asks().items() if asking == stage and model]
        return requests
    return needed
