"""dvc.lock: what each stage has made and from what, and which stages a change affects."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from ultramed.claims import of_models
from ultramed.errors import ParamsError
from ultramed.params import LocalModel, Params

TOKENS = "quality/tokens"  # never change: stages after a gate are as fresh as the artifacts it judges
WEIGHTS = ("location", "sha256", "revision", "engine")  # the settings of a local model that determine its files
Tree = dict[str, Any]


class Lock:
    """The stages that have run under `base`, by name; none without a dvc.lock. Raises ParamsError if it is not YAML."""

    def __init__(self, settings: Params, base: Path = Path(".")) -> None:
        self.stages: dict[str, Tree] = read(base / "dvc.lock").get("stages") or {}
        self._lasting = {str(path) for path, text in of_models(settings).items() if _reads(base / path, text)}
        self._lasting |= {path for name, model in settings.models.local.items() if self._pinned(name, model)
                          for path in self.made(f"model@{name}")}

    def reached(self, changed: set[str]) -> set[str]:
        """The changed stages and all stages that depend on outputs which may change with them."""
        affected, edge = set(changed), set(changed)
        while edge:
            outputs = [path for name in edge for path in self.unsure(name)]
            edge = {name for name, stage in self.stages.items() if name not in affected
                    and any(meet(dep["path"], path) for dep in stage.get("deps", []) for path in outputs)}
            affected |= edge
        return affected

    def made(self, stage: str) -> list[str]:
        """Outputs of a stage."""
        return [out["path"] for out in self.stages.get(stage, {}).get("outs", [])]

    def unsure(self, stage: str) -> list[str]:
        """Outputs that may differ when the stage runs again."""
        return [path for path in self.made(stage) if not path.startswith(TOKENS) and path not in self._lasting]

    def _pinned(self, name: str, model: LocalModel) -> bool:
        """Whether a model's files are still those that were fetched; settings such as concurrency do not matter."""
        recorded = self.stages.get(f"model@{name}", {}).get("params", {}).get("params.yaml", {})
        was = recorded.get(f"models.local.{name}", {})
        return all(was.get(key) == getattr(model, key) for key in WEIGHTS)


def meet(one: str, other: str) -> bool:
    """Whether the first path equals the second or is inside it."""
    a, b = Path(one).parts, Path(other).parts
    return a[: len(b)] == b[: len(a)]


def read(path: Path) -> Tree:
    """The content of a YAML file; empty if the file does not exist. Raises ParamsError if it is not YAML."""
    try:
        tree = YAML(typ="safe").load(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (YAMLError, UnicodeDecodeError) as error:
        remedy = f"`git checkout {path.name}` restores the committed one"
        raise ParamsError(path.name, f"is not valid YAML: {' '.join(str(error).split())[:200]}", remedy) from None
    return tree if isinstance(tree, dict) else {}


def _reads(path: Path, text: str) -> bool:
    return path.exists() and path.read_bytes() == text.encode()
