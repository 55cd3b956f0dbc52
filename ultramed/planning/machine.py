"""Models and machines: how large a model is, how fast it answers, what a reply costs."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from ultramed import engines
from ultramed.errors import ParamsError
from ultramed.ledger import prices
from ultramed.params import Params, Price, RemoteModel
from ultramed.planning.assumptions import Book, Shape
from ultramed.planning.ranges import Range, exact


@dataclass(frozen=True)
class Speed:
    """Tokens a second that all requests of a stage reach together."""

    reading: Range
    writing: Range


class Machines:
    """The models that params name, and the machines that run them. Weights are read under models/local, if fetched."""

    def __init__(self, settings: Params, book: Book, base: Path = Path(".")) -> None:
        self.settings, self.book, self.base = settings, book, base

    def shape(self, name: str) -> Shape:
        """Architecture of a local model, or of a policy trained here: that of its base."""
        s = self.settings
        name = s.base.model if name in s.ours else name
        if name not in s.models.local:
            raise ParamsError("base.model", f"is '{name}', which is no name in models.local; expected one of "
                              f"{', '.join(s.models.local)}")
        model = s.models.local[name]
        for known, shape in self.book.table.models.items():
            if re.search(rf"(?:^|/){re.escape(known)}(?:[./]|$)", model.location):
                self.book.used[f"models.{name}"] = f"{shape.parameters:g} billion parameters, by {known}"
                return shape
        size = self.file_bytes(name)
        other = self.book.named(self.book.table.models, "models", "other")
        if size:
            bits = self.book.rate("bits.q4_1").expected if "q4_1" in model.location.lower() else 16
            billions = size * 8 / bits / 1e9
            self.book.used[f"models.{name}"] = f"{billions:.3g} billion parameters, by the size of its files"
            return _of(billions, other)
        self.book.used[f"models.{name}"] = f"{other.parameters:g} billion parameters: conf/plan.yaml does not know it"
        return other

    def file_bytes(self, name: str) -> int:
        """Bytes of the weights on this machine; 0 for none."""
        location = Path(self.settings.models.local[name].location)
        for place in (self.base / "models/local" / name, self.base / location):
            files = [place] if place.is_file() else place.rglob("*") if place.is_dir() else []
            if size := sum(p.stat().st_size for p in files if p.suffix in (".gguf", ".safetensors")):
                return size
        return 0

    def weights(self, name: str) -> float:
        """Bytes of a model's weights on disk: of their files, else 2 for each parameter."""
        return self.file_bytes(name) or self.shape(name).parameters * 2e9

    def price(self, name: str) -> Price | None:
        """USD per million tokens; None for a local model, and for a remote one whose price nobody knows."""
        model = self.settings.model(name)
        price = prices.price_of(model)
        if price and isinstance(model, RemoteModel):
            said = f"USD {price.prompt:g} and {price.completion:g} a million tokens"
            self.book.used[f"price.{name}"] = f"{said}: {prices.source(model)}"
        return price

    def hours(self, name: str, calls: Range, read: Range, written: Range) -> Range:
        """That requests take, with so many tokens read and written, at the limits given."""
        speed, model = self.speed(name), self.settings.model(name)
        found = [(read / speed.reading + written / speed.writing) / exact(3600)]
        if isinstance(model, RemoteModel):
            minutes = exact(60 * len(model.base_urls))
            found += [calls / model.rpm / minutes] if model.rpm else []
            found += [(read + written) / model.tpm / minutes] if model.tpm else []
        return Range(*(max(ends) for ends in zip(*(vars(f).values() for f in found), strict=True)))

    def speed(self, name: str) -> Speed:
        model = self.settings.model(name)
        if isinstance(model, RemoteModel):
            each = self.book.rate("remote.tokens") * (model.concurrency * len(model.base_urls))
            return Speed(each * 100, each)  # prompts are read while one waits for the first token
        shape = self.shape(name)
        a_token = 2e9 * (shape.active or shape.parameters)
        if gpus := engines.get(model.engine).gpus(model.options):
            peak = self.book.rate("gpu.flops") * gpus
            return Speed(peak * self.book.rate("gpu.reading") / exact(a_token),
                         peak * self.book.rate("gpu.writing") / exact(a_token))
        return Speed(self.book.rate("cpu.reading") / exact(a_token), self.book.rate("cpu.writing") / exact(a_token))

    def gpus_training(self) -> int:
        """Processes that train together; 0 where params train on the CPU."""
        launch = self.settings.training.launch
        if launch is None:
            return min(1, engines.get(self.settings.serving.engine).gpus({}))
        try:
            found = YAML(typ="safe").load((self.base / launch).read_text(encoding="utf-8"))
            return int(found.get("num_machines", 1)) * int(found["num_processes"])
        except (OSError, KeyError, TypeError, ValueError, AttributeError):
            raise ParamsError(f"training.launch: {launch}", "holds no num_processes; an accelerate configuration "
                              "was expected", "conf/accelerate/zero3.yaml is one") from None


def _of(billions: float, other: Shape) -> Shape:
    """A plausible shape: layers = hidden / 128, parameters = 12 · layers · hidden²."""
    hidden = round((billions * 1e9 * 128 / 12) ** (1 / 3))
    layers = max(1, math.ceil(hidden / 128))
    return Shape(parameters=billions, hidden=hidden, layers=layers, vocabulary=other.vocabulary)
