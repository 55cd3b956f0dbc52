"""What lies here already. An artifact counts only when it was made with the params of now: the one of another scale,
or from other inputs, says nothing about the run that is planned."""

from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ultramed import tables
from ultramed.errors import SourceError
from ultramed.graph.lock import Lock, read
from ultramed.graph.outdated import Outdated
from ultramed.params import Params

READ_AT_MOST = 20_000_000  # bytes of raw files that are read to count their rows


class Here:
    """The artifacts under `base` that its dvc.lock says were made with its params.yaml; `settings` are what that holds.
    Raises ParamsError where the lock is no YAML."""

    def __init__(self, settings: Params, base: Path = Path(".")) -> None:
        self.base, self._settings = base, settings
        lock, now = Lock(settings, base), read(base / "params.yaml")
        changed = {name for name, stage in lock.stages.items() if any(
            _at(now, key) != value for key, value in stage.get("params", {}).get("params.yaml", {}).items())}
        reached = lock.reached(changed | {"params"})
        self._as_set = {*lock.stages} - reached
        self._made = {path for name in lock.stages for path in lock.made(name)}
        self._made -= {path for name in reached for path in lock.unsure(name)}
        self.counted: list[str] = []

    def has(self, path: tables.Folder) -> bool:
        """Whether the path was made by stages whose params, and those before them, are what they were."""
        place = Path(path)
        return any(str(p) in self._made for p in (place, *place.parents)) and (self.base / place).exists()

    def runs(self, stage: str) -> bool:
        """Whether `dvc repro` would run a stage, or might."""
        return stage not in self._as_set or self._outdated.runs(stage)

    @cached_property
    def _outdated(self) -> Outdated:
        return Outdated(self._settings, self.base)

    def count(self, path: tables.Folder, table: str = "rows") -> int | None:
        """Rows of a table; None where it is not here or was made with other params."""
        try:
            found = tables.count(self.base / path, table) if self.has(path) else None
        except (SourceError, pa.ArrowException, OSError):
            return None  # damaged: `dvc repro` will say so
        if found is not None:
            self.counted.append(str(path))
        return found

    def by_source(self, path: tables.Folder) -> dict[str, int] | None:
        """Rows of each source in a table that has a column `source`."""
        if self.count(path) is None:
            return None
        found: Counter[str] = Counter()
        for shard in tables.shards(self.base / path):
            found.update(pq.read_table(shard, columns=["source"])["source"].to_pylist())
        return dict(found)

    def raw(self, fetched: Path, location: str) -> Path | None:
        """A raw input that is here and small enough to be read: as fetched, or where its location says."""
        for path in (fetched, Path(location)):
            if (self.has(path) or str(path) == location) and (self.base / path).exists():
                found = self.base / path
                folder = found if found.is_dir() else found.parent  # readers take folders: no strange file in it
                files = [p for p in folder.rglob("*") if p.is_file()]
                small = sum(p.stat().st_size for p in files) <= READ_AT_MOST
                if small and (folder == found or len(files) == 1):
                    self.counted.append(str(path))
                    return folder
        return None


def _at(tree: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(tree, dict) or part not in tree:
            return None
        tree = tree[part]
    return tree
