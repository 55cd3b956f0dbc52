"""Ways to train a model, one module each. Adding one is adding a file here; `params.yaml` then names it."""

from ultramed import registry
from ultramed.methods._method import ROWS, DataKind, Method, Parts

__all__ = ["ROWS", "DataKind", "Method", "Parts", "get", "names", "on_policy"]


def names() -> list[str]:
    """Names of all methods, sorted."""
    return registry.names(__name__)


def get(name: str) -> Method:
    """The method of that name. Raises KeyError for an unknown one."""
    return registry.load(__name__, name).METHOD


def on_policy() -> list[str]:
    """Methods that a round of iterative training may use: a policy learns from pairs of its own answers."""
    return [name for name in names() if get(name).policy and get(name).data == "preferences"]
