"""What must hold for each artifact: facts (SQL) and the rules about them, one artifact per file.

A module has `facts(store)`, SQL by facts table, and `rules(store)`. If the declaration in `artifacts` is not enough,
it also has `made(store)` and `handed(store)`: SQL for the (part, id) of rows made, and of rows handed over.
"""

from typing import Any

from ultramed import registry
from ultramed.artifacts import ARTIFACTS, Artifact
from ultramed.errors import ParamsError


def names() -> list[str]:
    """Artifacts with a gate, in the order of the graph."""
    known = registry.names(__name__)
    return [name for name in ARTIFACTS if name in known]


def gated(name: str) -> Artifact:
    """The artifact with that name. Raises ParamsError if it has no gate."""
    if name not in (known := names()):
        raise ParamsError(name, f"is not an artifact with a gate; expected one of {', '.join(known)}")
    return ARTIFACTS[name]


def load(artifact: Artifact) -> Any:
    """An artifact's suite. Raises KeyError if it has no gate."""
    return registry.load(__name__, artifact.name)
