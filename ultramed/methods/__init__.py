"""Training methods, one module each. To add one, add a file here and name it in `params.yaml`."""

from ultramed import registry
from ultramed.methods._method import ROWS, WEIGHT, DataKind, Method, Parts

__all__ = ["ROWS", "WEIGHT", "DataKind", "Method", "Parts", "get", "names", "on_policy"]


def names() -> list[str]:
    """Names of all methods, sorted."""
    return registry.names(__name__)


def get(name: str) -> Method:
    """The method with that name. Raises KeyError if it is unknown."""
    return registry.load(__name__, name).METHOD


def on_policy() -> list[str]:
    """Methods a round of iterative training may use: a policy learns from pairs of its own answers."""
    return [name for name in names() if get(name).policy and get(name).data == "preferences"]
