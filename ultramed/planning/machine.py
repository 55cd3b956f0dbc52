"""Models and machines: a model's size, its speed, and the price of a reply."""

import re
from dataclasses import dataclass
from pathlib import Path

from ultramed import engines
from ultramed.errors import ParamsError
from ultramed.graph.lock import read
from ultramed.ledger import prices
from ultramed.params import LocalModel, Params, Price, RemoteModel
from ultramed.planning.assumptions import Assumptions, Shape
from ultramed.planning.flow import Need
from ultramed.planning.ranges import Range, exact

NAMED = re.compile(r"(?:^|[-_])(\d+(?:\.\d+)?)b(?:-a(\d+(?:\.\d+)?)b)?(?=[-_./]|$)", re.IGNORECASE)  # 32B, 30B-A3B
WEIGHT = 2e9  # bytes per billion parameters


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server for a model on this machine, one replica. `gpu` is bytes per GPU, `host` bytes of main memory."""

    gpus: int = 0  # 0 on the CPU, or if another machine serves the model
    gpu: float | None = None
    host: float = 0.0
    weights: float = 0.0  # bytes


class Machines:
    """Time, memory and money for the models named in params."""

    def __init__(self, settings: Params, assumptions: Assumptions) -> None:
        self.settings, self.assumptions = settings, assumptions

    def shape(self, name: str) -> Shape:
        """Architecture of a local model, or of the base for models trained here: from conf/plan.yaml, else by the size
        in its name."""
        name = self.settings.base.model if name in self.settings.ours else name
        if name not in self.settings.models.local:
            raise ParamsError("base.model", f"is '{name}', which is not in models.local; expected one of "
                              f"{', '.join(self.settings.models.local)}")
        location, models = self.settings.models.local[name].location, self.assumptions.table.models
        for known, shape in models.items():
            if re.search(rf"(?:^|/){re.escape(known)}(?:[./]|$)", location):
                return self._noted(name, shape, known)
        if match := NAMED.search(location.rsplit("/", 1)[-1]):
            total, active = (float(size) if size else None for size in match.groups())
            sized = models["other"].model_copy(update={"parameters": total, "active": active})
            return self._noted(name, sized, "its name")
        return self._noted(name, models["other"], "default")

    def _noted(self, name: str, shape: Shape, source: str) -> Shape:
        self.assumptions.used[f"models.{name}"] = f"{shape.parameters:.4g} billion parameters, by {source}"
        return shape

    def server(self, name: str) -> Server:
        """GPUs and memory needed to serve a model."""
        model, one = self.settings.model(name), self.assumptions.one
        if not isinstance(model, LocalModel):
            return Server()
        weights = self.shape(name).parameters * WEIGHT
        engine = engines.get(model.engine)
        if not (gpus := engine.gpus(model.options)):
            return Server(host=weights, weights=weights)
        gpu = engine.gpu_share(model.options) * one("gpu.memory") * 1e9
        return Server(gpus=gpus, gpu=gpu, host=gpus * one("memory.process") * 1e9, weights=weights)

    def price(self, name: str) -> Price | None:
        """USD per million tokens; None for a local model and for a remote one without a known price."""
        model = self.settings.model(name)
        price = prices.price_of(model)
        if price and isinstance(model, RemoteModel):
            stated = f"USD {price.prompt:g} and {price.completion:g} per million tokens"
            self.assumptions.used[f"price.{name}"] = f"{stated}: {prices.source(model)}"
        return price

    def hours(self, name: str, need: Need) -> Range:
        """Hours that the requests take, within the model's per-minute limits."""
        model, (reading, writing) = self.settings.model(name), self._speed(name)
        bounds = [(need.prompt_tokens / reading + need.generated_tokens / writing) / 3600]
        if isinstance(model, RemoteModel):
            minutes = 60 * len(model.base_urls)
            bounds += [need.calls / model.rpm / minutes] if model.rpm else []
            bounds += [(need.prompt_tokens + need.generated_tokens) / model.tpm / minutes] if model.tpm else []
        return Range(*(max(ends) for ends in zip(*(vars(bound).values() for bound in bounds), strict=True)))

    def _speed(self, name: str) -> tuple[Range, Range]:
        """Tokens per second, read and generated, over all concurrent requests of a stage."""
        model, rate = self.settings.model(name), self.assumptions.rate
        if isinstance(model, RemoteModel):
            each = rate("remote.tokens") * (model.concurrency * len(model.base_urls))
            return each * 100, each  # prompts are read before the first token arrives
        shape = self.shape(name)
        flops = exact(2e9 * (shape.active or shape.parameters))  # per token
        if gpus := engines.get(model.engine).gpus(model.options):
            peak = rate("gpu.flops") * gpus
            return peak * rate("gpu.reading") / flops, peak * rate("gpu.writing") / flops
        return rate("cpu.reading") / flops, rate("cpu.writing") / flops

    def gpus_training(self) -> int:
        """Number of training processes; 0 if params train on the CPU."""
        launch = self.settings.training.launch
        if launch is None:
            return min(1, engines.get(self.settings.serving.engine).gpus({}))
        try:
            configuration = read(Path(launch))
            return int(configuration.get("num_machines", 1)) * int(configuration["num_processes"])
        except (KeyError, TypeError, ValueError):
            raise ParamsError(f"training.launch: {launch}", "has no num_processes; expected an accelerate "
                              "configuration", "see conf/accelerate/zero3.yaml") from None
