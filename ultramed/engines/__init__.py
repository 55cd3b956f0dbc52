"""Engines: the programs that run local weights, one a file. `params.yaml` names one as `engine`.

Adding an engine is adding a module that declares `ENGINE`; its file is the engine's name with `_` for `.` and `-`.
"""

from ultramed import registry
from ultramed.engines._engine import Engine, ServingEngine
from ultramed.engines._engine import Launch as Launch
from ultramed.engines._engine import Served as Served


def get(name: str) -> Engine:
    """The engine that params call by this name. Raises ValueError with all names."""
    module = name.replace(".", "_").replace("-", "_")
    if module in registry.names(__name__):
        engine: Engine = registry.load(__name__, module).ENGINE
        if engine.name == name:
            return engine
    raise ValueError(f"is '{name}'; expected one of {', '.join(engine.name for engine in _all())}")


def serving(name: str) -> ServingEngine:
    """The same for an engine that answers requests. Raises ValueError also for one that does not."""
    if isinstance(engine := get(name), ServingEngine):
        return engine
    able = ", ".join(engine.name for engine in _all() if isinstance(engine, ServingEngine))
    raise ValueError(f"is '{name}', which answers no requests; expected one of {able}")


def _all() -> list[Engine]:
    return [registry.load(__name__, module).ENGINE for module in registry.names(__name__)]
