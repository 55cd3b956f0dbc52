"""`ultramed scale`: params.yaml at another scale, its comments kept."""

import difflib
import io
from pathlib import Path
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML

from ultramed import params, tables
from ultramed.errors import ParamsError

PARAMS = Path("params.yaml")
SCALES = Path("conf/scale")


def scale(name: Annotated[str, typer.Argument(help="laptop, workstation, paper, paper-2024")]) -> None:
    """Patch params.yaml with conf/scale/NAME.yaml. `git diff params.yaml` shows the change."""
    before = PARAMS.read_text(encoding="utf-8")
    after = patched(before, patch(name))
    tables.write_text(PARAMS, after)
    try:
        params.load(PARAMS)
    except ParamsError:
        tables.write_text(PARAMS, before)
        raise
    changed = sum(line[:2] == "+ " for line in difflib.ndiff(before.splitlines(), after.splitlines()))
    print(f"params.yaml is at scale {name}: {changed} lines changed, see `git diff params.yaml`")


def patch(name: str) -> dict[str, Any]:
    """The values of a scale. Raises ParamsError for an unknown one."""
    known = sorted(p.stem for p in SCALES.glob("*.yaml"))
    if name not in known:
        raise ParamsError(name, f"is no scale; there are {', '.join(known)} in {SCALES}/")
    return YAML(typ="safe").load((SCALES / f"{name}.yaml").read_text(encoding="utf-8"))


def patched(text: str, values: dict[str, Any]) -> str:
    """The text of params.yaml with the values in their places; everything else, comments too, stays as it is.
    A key ending in `!` replaces a whole mapping where others change single entries of it."""
    yaml = YAML()
    yaml.preserve_quotes, yaml.width = True, 1_000_000
    tree = yaml.load(text)
    _merge(tree, values)
    out = io.StringIO()
    yaml.dump(tree, out)
    return out.getvalue()


def _merge(tree: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        if key.endswith("!"):
            name = key[:-1]
            for old in [k for k in tree[name] if k not in value]:
                del tree[name][old]
            _merge(tree[name], value)
        elif isinstance(value, dict) and isinstance(tree.get(key), dict):
            _merge(tree[key], value)
        elif tree.get(key) != value or key not in tree:
            tree[key] = value
