"""Which paths are out of date: outputs of stages that `dvc status` calls changed, and everything made from them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

TOKENS = "quality/tokens"  # never change: what stands behind a gate is as fresh as what the gate has judged


class Outdated:
    """Outputs under `base` that a `dvc repro` would make anew or might; none where DVC cannot tell."""

    def __init__(self, base: Path) -> None:
        self.base = base
        done = subprocess.run([sys.executable, "-m", "dvc", "status", "--json"], cwd=base, capture_output=True,
                              text=True, check=False)
        lock = base / "dvc.lock"
        known = not done.returncode and lock.exists()
        stages = ((YAML(typ="safe").load(lock.read_text(encoding="utf-8")) or {}) if known else {}).get("stages", {})
        changed = {name.removeprefix("dvc.yaml:") for name in json.loads(done.stdout or "{}")} if known else set()
        self._paths = [path for name in _downstream(stages, changed) for path in _made(stages.get(name, {}))]

    def __bool__(self) -> bool:
        return bool(self._paths)

    def __contains__(self, path: Path) -> bool:
        """Whether something of a path (below `base`, or from there) is out of date."""
        place = str(path.relative_to(self.base) if path.is_relative_to(self.base) else path)
        return any(_meet(place, made) for made in self._paths)


def _downstream(stages: dict[str, Any], changed: set[str]) -> set[str]:
    """The changed stages and all that depend on what they make."""
    found, edge = set(changed), set(changed)
    while edge:
        made = [path for name in edge for path in _made(stages.get(name, {}))]
        edge = {name for name, stage in stages.items() if name not in found
                and any(_meet(dep["path"], path) for dep in stage.get("deps", []) for path in made)}
        found |= edge
    return found


def _made(stage: dict[str, Any]) -> list[str]:
    return [out["path"] for out in stage.get("outs", []) if not out["path"].startswith(TOKENS)]


def _meet(one: str, other: str) -> bool:
    """Whether one path is the other or lies inside it."""
    a, b = Path(one).parts, Path(other).parts
    return a[: len(b)] == b[: len(a)]
