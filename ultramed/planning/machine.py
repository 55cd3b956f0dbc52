"""Models and machines: how large a model is, how fast it answers, what a reply costs."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from ultramed.errors import ParamsError
from ultramed.inference import prices
from ultramed.params import LocalModel, Params, Price, RemoteModel
from ultramed.planning.assumptions import Assumptions, Shape
from ultramed.planning.ranges import Range, exact

NAMED = re.compile(r"(?:^|[-_])(\d+(?:\.\d+)?)b(?:-a(\d+(?:\.\d+)?)b)?(?=[-_./]|$)", re.IGNORECASE)  # 32B, 30B-A3B


@dataclass(frozen=True)
class Server:
    """What serves a model on this machine. `gpu` is bytes of each GPU, `host` of memory; both for one replica."""

    gpus: int = 0  # 0 for llama.cpp and where another machine serves
    gpu: float | None = None
    host: float = 0.0
    weights: float = 0.0  # bytes


class Machines:
    """What a model's name in params means for time, memory and money."""

    def __init__(self, settings: Params, assumptions: Assumptions) -> None:
        self.settings, self.assumptions = settings, assumptions

    def shape(self, name: str) -> Shape:
        """Architecture of a local model, or of the base, which all models trained here share: as conf/plan.yaml knows
        it, else by the name of its weights or the size of their files."""
        name = self._weights_of(name)
        if name not in self.settings.models.local:
            raise ParamsError("base.model", f"is '{name}', which is no name in models.local; expected one of "
                              f"{', '.join(self.settings.models.local)}")
        location, models = self.settings.models.local[name].location, self.assumptions.table.models
        for known, shape in models.items():
            if re.search(rf"(?:^|/){re.escape(known)}(?:[./]|$)", location):
                return self._said(name, shape, known)
        if match := NAMED.search(location.rsplit("/", 1)[-1]):
            total, active = (float(size) if size else None for size in match.groups())
            sized = models["other"].model_copy(update={"parameters": total, "active": active})
            return self._said(name, sized, "its name")
        if size := self.file_bytes(name):
            return self._said(name, _of(size / 2e9, models["other"]), "the size of its files")
        return self._said(name, models["other"], "nothing: conf/plan.yaml does not know it")

    def _said(self, name: str, shape: Shape, source: str) -> Shape:
        self.assumptions.used[f"models.{name}"] = f"{shape.parameters:.4g} billion parameters, by {source}"
        return shape

    def _weights_of(self, name: str) -> str:
        return self.settings.base.model if name in self.settings.ours else name

    def file_bytes(self, name: str) -> int:
        """Size of the weights that are on this machine; 0 where they are not."""
        for place in (Path("models/local") / name, Path(self.settings.models.local[name].location)):
            files = [place] if place.is_file() else place.rglob("*") if place.is_dir() else []
            if size := sum(p.stat().st_size for p in files if p.suffix in (".gguf", ".safetensors")):
                return size
        return 0

    def weights(self, name: str) -> float:
        """Bytes of a model's weights on disk: of their files, else 2 for each parameter."""
        return self.file_bytes(self._weights_of(name)) or self.shape(name).parameters * 2e9

    def server(self, name: str) -> Server:
        """GPUs and memory that serving a model takes."""
        model, one = self.settings.model(name), self.assumptions.one
        if not isinstance(model, LocalModel):
            return Server()
        weights = self.weights(name)
        if model.engine != "vllm":
            return Server(host=weights, weights=weights)
        gpus, share = gpus_serving(model), float(model.options.get("gpu-memory-utilization", 0.9))  # vLLM's own default
        return Server(gpus, share * one("gpu.memory") * 1e9, gpus * one("memory.process") * 1e9, weights)

    def price(self, name: str) -> Price | None:
        """USD per million tokens; None for a local model, and for a remote one whose price nobody knows."""
        model = self.settings.model(name)
        price = prices.price_of(model)
        if price and isinstance(model, RemoteModel):
            said = f"USD {price.prompt:g} and {price.completion:g} a million tokens"
            self.assumptions.used[f"price.{name}"] = f"{said}: {prices.source(model)}"
        return price

    def hours(self, name: str, calls: Range, read: Range, written: Range) -> Range:
        """Time for that many requests, tokens read and tokens written, within the model's limits a minute."""
        model = self.settings.model(name)
        reading, writing = self._speed(name)
        bounds = [(read / reading + written / writing) / exact(3600)]
        if isinstance(model, RemoteModel):
            minutes = exact(60 * len(model.base_urls))
            bounds += [calls / model.rpm / minutes] if model.rpm else []
            bounds += [(read + written) / model.tpm / minutes] if model.tpm else []
        return Range(*(max(ends) for ends in zip(*(vars(bound).values() for bound in bounds), strict=True)))

    def _speed(self, name: str) -> tuple[Range, Range]:
        """Tokens a second, read and written, that all requests of a stage reach together."""
        model, rate = self.settings.model(name), self.assumptions.rate
        if isinstance(model, RemoteModel):
            each = rate("remote.tokens") * (model.concurrency * len(model.base_urls))
            return each * 100, each  # prompts are read while one waits for the first token
        shape = self.shape(name)
        flops = exact(2e9 * (shape.active or shape.parameters))  # a token
        if model.engine == "vllm":
            peak = rate("gpu.flops") * gpus_serving(model)
            return peak * rate("gpu.reading") / flops, peak * rate("gpu.writing") / flops
        return rate("cpu.reading") / flops, rate("cpu.writing") / flops

    def gpus_training(self) -> int:
        """Processes that train together; 0 where params train on the CPU."""
        launch = self.settings.training.launch
        if launch is None:
            return 1 if self.settings.serving.engine == "vllm" else 0
        try:
            configuration = YAML(typ="safe").load(Path(launch).read_text(encoding="utf-8"))
            return int(configuration.get("num_machines", 1)) * int(configuration["num_processes"])
        except (OSError, KeyError, TypeError, ValueError, AttributeError):
            raise ParamsError(f"training.launch: {launch}", "holds no num_processes; an accelerate configuration "
                              "was expected", "conf/accelerate/zero3.yaml is one") from None


def gpus_serving(model: LocalModel) -> int:
    """GPUs that share a served model's weights."""
    return int(model.options.get("tensor-parallel-size", 1))


def _of(billions: float, other: Shape) -> Shape:
    """A plausible shape: layers = hidden / 128, parameters = 12 · layers · hidden²."""
    hidden = round((billions * 1e9 * 128 / 12) ** (1 / 3))
    return other.model_copy(update={"parameters": billions, "hidden": hidden, "layers": math.ceil(hidden / 128)})
