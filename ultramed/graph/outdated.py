"""Paths that are out of date: outputs of stages that `dvc status` reports as changed, and everything made from them."""

import json
import subprocess
import sys
from pathlib import Path

from ultramed.graph.lock import Lock, meet
from ultramed.params import Params


class Outdated:
    """Outputs under `base` that `dvc repro` would or might rebuild; none if DVC cannot tell. Raises ParamsError if
    dvc.lock is not YAML."""

    def __init__(self, settings: Params, base: Path = Path(".")) -> None:
        self.base = base
        done = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], cwd=base, capture_output=True,
                              text=True, check=False)
        lock, self._known = Lock(settings, base), not done.returncode
        changed = {name.removeprefix("dvc.yaml:") for name in json.loads(done.stdout or "{}")} if self._known else set()
        reached = lock.reached(changed)
        self._paths = [path for name in reached for path in lock.unsure(name)]
        self._fresh = {*lock.stages} - reached

    def __bool__(self) -> bool:
        return bool(self._paths)

    def __contains__(self, path: Path) -> bool:
        """Whether a path (below `base` or relative to it) is out of date, even in part."""
        relative = str(path.relative_to(self.base) if path.is_relative_to(self.base) else path)
        return any(meet(relative, made) for made in self._paths)

    def runs(self, stage: str) -> bool:
        """Whether `dvc repro` would or might run a stage."""
        return not self._known or stage not in self._fresh
