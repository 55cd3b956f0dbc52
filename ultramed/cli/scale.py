"""`ultramed scale`: switch params.yaml to another scale.

A scale is a YAML file with the values that differ, under the same keys as in params.yaml. `from:` names the scale it
builds on, ultimately laptop, which holds every value that any scale changes. Mappings are merged; a key ending in `!`
replaces the whole value and its comments, so that entries can be added and removed. Values are replaced in the text
itself: everything a scale does not name stays byte for byte, and laptop restores the committed file.
"""

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from ruamel.yaml import YAML
from ruamel.yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from ultramed import params, tables
from ultramed.errors import ParamsError

PARAMS = Path("params.yaml")
SCALES = Path("conf/scale")
Span = tuple[int, int]  # start and end in a text


def scale(name: Annotated[str, typer.Argument(help="laptop, workstation, paper, paper-2024")]) -> None:
    """Patch params.yaml with conf/scale/NAME.yaml. `git diff params.yaml` shows the change."""
    params.load(PARAMS)
    before = PARAMS.read_text(encoding="utf-8")
    after = scaled(before, name)
    tables.write_text(PARAMS, after)
    try:
        params.load(PARAMS)
    except ParamsError:
        tables.write_text(PARAMS, before)
        raise
    changed = sum(line[:2] == "+ " for line in difflib.ndiff(before.splitlines(), after.splitlines()))
    print(f"params.yaml is at scale {name}: {changed} lines changed, see `git diff params.yaml`")


def scaled(text: str, name: str, folder: Path = SCALES) -> str:
    """The text of params.yaml at a scale, whatever its current scale. Raises ParamsError for an unknown one."""
    known = sorted(p.stem for p in folder.glob("*.yaml"))
    if name not in known:
        raise ParamsError(name, f"is not a scale; expected one of {', '.join(known)} in {folder}/")
    patch = (folder / f"{name}.yaml").read_text(encoding="utf-8")
    base = [value.value for key, value in _tree(patch).value if key.value == "from"]
    return patched(scaled(text, base[0], folder) if base else text, patch)


def patched(text: str, patch: str) -> str:
    """The text with the patch's values inserted. Raises ParamsError for a name that the text does not have."""
    edits = [*_edits(text, _tree(text), patch, _tree(patch))]
    for (start, end), new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _tree(text: str) -> MappingNode:
    return YAML(typ="safe", pure=True).compose(text)


def _edits(text: str, tree: MappingNode, patch: str, given: MappingNode, at: str = "") -> Iterator[tuple[Span, str]]:
    entries = {key.value: (key, value) for key, value in tree.value}
    for key, value in given.value:
        name = key.value.removesuffix("!")
        if not at and name == "from":
            continue
        if name not in entries:
            remedy = "add `!` to a mapping's name to replace it as a whole"
            raise ParamsError(f"{at}{name}", f"is not in {PARAMS}", remedy)
        old_key, old = entries[name]
        if isinstance(value, MappingNode) and isinstance(old, MappingNode) and not key.value.endswith("!"):
            yield from _edits(text, old, patch, value, f"{at}{name}.")
            continue
        for span, (start, end) in zip(_places(text, old_key, old), _places(patch, key, value), strict=True):
            if text[slice(*span)] != patch[start:end]:
                yield span, patch[start:end]


def _places(text: str, key: ScalarNode, value: Node) -> tuple[Span, Span]:
    """The spans of a value: after its key's colon, and on the lines below. One of the two is empty."""
    colon = text.index(":", key.end_mark.index) + 1
    if _block(value):
        return (colon, colon), (_line_end(text, colon), _line_end(text, _last(value)))
    nothing = isinstance(value, ScalarNode) and not value.value and value.style is None  # an implicit null
    end = colon if nothing else value.end_mark.index
    below = _line_end(text, end)
    return (colon, end), (below, below)


def _block(node: Node) -> bool:
    return isinstance(node, CollectionNode) and not node.flow_style


def _last(node: Node) -> int:
    """Where the last value of a block ends: the block's own end comes after the comments that follow it."""
    while _block(node):
        node = node.value[-1][1] if isinstance(node, MappingNode) else node.value[-1]
    return node.end_mark.index


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end
