"""A folder with the project's params, some artifacts of known size, and assumptions that are easy to reckon with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from changed_params import changed
from ruamel.yaml import YAML

from ultramed import params, tables
from ultramed.planning.asking import Asks
from ultramed.planning.assumptions import load
from ultramed.planning.here import Here
from ultramed.planning.ranges import Range, total
from ultramed.planning.rows import Rows

ROOT = Path(__file__).parents[2]
ROWS = {  # artifact → rows by source; 10 exam items and 4 open questions are retained
    "data/screened": {"medqa": 20, "medquad": 10},
    "data/curated": {"medqa": 10, "medquad": 4},
    "data/instructions": {"medical": 20},
    "data/preferences": {"medical": 40},
}
EASY = {  # low, expected, high
    "json.again": (0, 0, 1), "tries.again": (0, 0.5, 0.5), "complete.missed": (0, 0.5, 1),
    "complete.missed_again": (0, 0.5, 1), "complete.contested": (0, 0, 0), "evolve.drafts": (1, 1, 1),
    "evolve.verified": (0.5, 0.5, 1), "tokens.answer": (100, 100, 100),
}


def artifact(path: Path, rows: dict[str, int]) -> None:
    """A table with a column `source`."""
    path.mkdir(parents=True)
    names = [name for name, count in rows.items() for _ in range(count)]
    tables.write_arrow(path / "rows-00000-of-00001.parquet", pa.table({"source": names}))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    for path, rows in ROWS.items():
        artifact(tmp_path / path, rows)
    lock = {"stages": {path: {"outs": [{"path": path}]} for path in ROWS}}
    (tmp_path / "dvc.lock").write_text(json.dumps(lock))
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
def rows(world: Path) -> Callable[..., Rows]:
    """Rows under the params of the folder, with sections changed."""
    return lambda **sections: Rows(changed(params.load(), **sections), load(), Here(params.load()))


@pytest.fixture
def calls(rows: Callable[..., Rows]) -> Callable[..., Range]:
    """The calls of a stage."""
    def count(stage: str, **sections: dict[str, Any]) -> Range:
        return total(a.calls for a in Asks(rows(**sections)).all() if a.stage == stage)
    return count
