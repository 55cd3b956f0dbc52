"""What is already built with the current params. Artifacts of another scale or from other inputs do not count."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from ultramed import artifacts, tables
from ultramed.errors import SourceError
from ultramed.graph.declared import Declared, declared
from ultramed.graph.lock import Lock, meet, read
from ultramed.graph.outdated import Outdated
from ultramed.params import Params

INPUTS = ("data/", "models/")  # folders that hold the artifacts stages read


class Built:
    """The artifacts in this folder whose stages, by dvc.lock, ran with the current params.yaml; `settings` are the same
    params, validated. Raises ParamsError if the lock is not YAML."""

    def __init__(self, settings: Params) -> None:
        self._settings, self._lock, now = settings, Lock(settings), read(Path("params.yaml"))
        stages = self._lock.stages
        changed = {name for name, stage in stages.items() if any(
            at(now, key) != value for key, value in stage.get("params", {}).get("params.yaml", {}).items())}
        reached = self._lock.reached(changed | {"params"})
        self._unchanged = {*stages} - reached
        self._paths = {path for name in stages for path in self._lock.made(name)}
        self._paths -= {path for name in reached for path in self._lock.unsure(name)}
        self.counted: list[str] = []

    def has(self, path: str) -> bool:
        """Whether the path is an output of stages whose params, and those of the stages before them, are unchanged."""
        return path in self._paths and Path(path).exists()

    def runs(self, stage: str) -> bool:
        """Whether `dvc repro` would or might run a stage."""
        return stage not in self._unchanged or self._outdated.runs(stage)

    def rows(self, stage: str, table: str = "rows") -> int | None:
        """Rows in a stage's first output; None if it is not built or damaged (`dvc repro` reports damage)."""
        path = next(iter(self._lock.made(stage)), "")
        try:
            rows = tables.count(Path(path), table) if self.has(path) else None
        except (SourceError, pa.ArrowException, OSError):
            return None
        self.counted += [] if rows is None else [path]
        return rows

    def inputs(self, stage: str) -> list[str] | None:
        """The artifacts that determine what a stage asks, from dvc.yaml; None unless all are built. Remote models (only
        named in params) and reward models (which only rank answers) need not be built."""
        if stage not in self._stages:
            return None
        outputs = [out for other in self._stages.values() for out in other.outs]
        settings = self._settings
        ignored = {str(artifacts.IDENTITIES / f"{name}.json") for name in settings.models.remote}
        ignored |= {str(artifacts.MODELS / name) for name in settings.ours if name not in settings.policies}
        inputs = [path for path in self._stages[stage].deps if path.startswith(INPUTS) and path not in ignored
                  and artifacts.PANELS not in Path(path).parents]  # copies of identities
        for path in inputs:
            made = [out for out in outputs if meet(out, path) or meet(path, out)]
            if not (all(map(self.has, made)) if made else Path(path).exists()):
                return None
        return inputs

    @cached_property
    def _stages(self) -> dict[str, Declared]:
        return declared()

    @cached_property
    def _outdated(self) -> Outdated:
        return Outdated(self._settings)


def at(tree: Any, key: str) -> Any:
    """The value under a dotted name in a nested mapping; None if there is none."""
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return None
        tree = tree[part]
    return tree
