"""The interface of an engine: which files it serves, how it starts, why it failed, and which GPUs it takes."""

import socket
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Launch:
    """A model to be served."""

    model: str  # its name in requests
    weights: Path  # what `ServingEngine.prepare` returned
    scratch: Path  # the server's own folder, for its files
    context: int  # tokens, prompt and reply together
    concurrency: int  # requests at once
    options: dict[str, Any]  # of the engine, from params


@dataclass(frozen=True)
class Served:
    """A started engine, which may still be loading."""

    address: str  # http://127.0.0.1:<port>
    process: subprocess.Popen[bytes] | None = None  # None for a server inside this process
    server: object = None  # that server, kept alive by this reference


class Engine:
    """A program that runs local weights, declared once as the `ENGINE` of its module. The module is cheap to import."""

    name: str  # as params write it
    fetches_from_hub = False  # whether it fetches Hub weights itself, given their name and revision (model.json)

    def gpus(self, options: dict[str, Any]) -> int:
        """GPUs that one server takes; 0 if it runs on the CPU."""
        return 0

    def gpu_share(self, options: dict[str, Any]) -> float:
        """Share of each GPU's memory that it takes."""
        return 0.0


class ServingEngine(Engine, ABC):
    """An engine that answers chat requests over HTTP, as OpenAI's API does."""

    start_s: float  # longest time until it is ready, in seconds
    health = "/health"  # answers 200 once it is ready

    def prepare(self, weights: Path, base: Path | None, scratch: Path) -> Path:
        """The file or folder to serve, from a model's folder of weights. `base`: folder of the model that
        policies trained here start from, if any; `scratch`: see `Launch`."""
        return weights

    @abstractmethod
    def start(self, launch: Launch) -> Served:
        """Start serving on a free port of this machine."""

    def cause(self, log: list[str]) -> str:
        """Why a start failed, from the lines of its log (at least one)."""
        return log[-1]


class CommandEngine(ServingEngine):
    """A serving engine that runs as its own program."""

    @abstractmethod
    def command(self, launch: Launch, port: int) -> list[str]:
        """Its command line."""

    def start(self, launch: Launch) -> Served:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        return Served(f"http://127.0.0.1:{port}", subprocess.Popen(self.command(launch, port)))
