"""Engines: the programs that run local weights, one per file. `params.yaml` names one as `engine`.

To add an engine, add a module that declares `ENGINE`, named after the engine with `_` for `.` and `-`.
"""

from ultramed import registry
from ultramed.engines._engine import Engine, ServingEngine
from ultramed.engines._engine import Launch as Launch
from ultramed.engines._engine import Served as Served


def get(name: str) -> Engine:
    """The engine with this name in params. Raises ValueError listing all names."""
    module = name.replace(".", "_").replace("-", "_")
    if module in registry.names(__name__):
        engine: Engine = registry.load(__name__, module).ENGINE
        if engine.name == name:
            return engine
    raise ValueError(f"is '{name}'; expected one of {', '.join(engine.name for engine in _all())}")


def serving(name: str) -> ServingEngine:
    """Like `get`, for an engine that serves requests. Also raises ValueError for one that does not."""
    if isinstance(engine := get(name), ServingEngine):
        return engine
    able = ", ".join(engine.name for engine in _all() if isinstance(engine, ServingEngine))
    raise ValueError(f"is '{name}', which cannot serve requests; expected one of {able}")


def _all() -> list[Engine]:
    return [registry.load(__name__, module).ENGINE for module in registry.names(__name__)]
