"""What must hold of each artifact: facts (SQL) beside the rules about them, one artifact a file.

A module has `facts(store)`, SQL by facts table, and `rules(store)`. Where the declaration in `artifacts` does not
suffice, it also has `made(store)` and `handed(store)`: SQL of (part, id) of the rows made, and of those handed over.
"""

from collections.abc import Callable

from ultramed import registry
from ultramed.artifacts import ARTIFACTS, Artifact
from ultramed.errors import ParamsError
from ultramed.gates.rules import Rule
from ultramed.gates.store import Store


def names() -> list[str]:
    """Artifacts with a gate, in the order of the graph."""
    known = registry.names(__name__)
    return [name for name in ARTIFACTS if name in known]


def gated(name: str) -> Artifact:
    """The artifact of that name. Raises ParamsError where it has no gate."""
    if name not in (known := names()):
        raise ParamsError(name, f"is no artifact with a gate; expected one of {', '.join(known)}")
    return ARTIFACTS[name]


def facts(artifact: Artifact) -> Callable[[Store], dict[str, str]]:
    """What makes the SQL of its facts tables."""
    made: Callable[[Store], dict[str, str]] = registry.load(__name__, artifact.name).facts
    return made


def rules(artifact: Artifact) -> Callable[[Store], list[Rule]]:
    """What makes its rules."""
    made: Callable[[Store], list[Rule]] = registry.load(__name__, artifact.name).rules
    return made


def own(artifact: Artifact, name: str) -> Callable[[Store], str] | None:
    """The SQL of its own for `made` or `handed`, if it has one."""
    return getattr(registry.load(__name__, artifact.name), name, None)
