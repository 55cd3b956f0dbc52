"""What must hold of each artifact: facts (SQL) beside the rules about them, one artifact a file.

A module has `facts(store)`, SQL by facts table, and `rules(store)`. Where the declaration in `artifacts` does not
suffice, it also has `made(store)` and `handed(store)`: SQL of (part, id) of the rows made, and of those handed over.
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
    """The artifact of that name. Raises ParamsError where it has no gate."""
    if name not in (known := names()):
        raise ParamsError(name, f"is no artifact with a gate; expected one of {', '.join(known)}")
    return ARTIFACTS[name]


def load(artifact: Artifact) -> Any:
    """The module of an artifact. Raises KeyError where it has no gate."""
    return registry.load(__name__, artifact.name)
