"""Training stages and scoring by reward models: steps, tokens, hours, memory, disk."""

import math
from dataclasses import dataclass

from ultramed.params import Recipe
from ultramed.planning.assumptions import Shape
from ultramed.planning.flow import Flow, Need
from ultramed.planning.machine import Machines
from ultramed.planning.ranges import ZERO, Range, exact

PASSES = {"reference": 1, "mismatched": 2}  # extra forward passes per step by methods and losses, see Method.passes
FORWARD = 2  # FLOPs per parameter and token
ACTIVATION, CHECKPOINTED = 34, 2  # bytes kept per token, layer and hidden unit for backward (arXiv 2205.05198)
LOGIT = 12  # bytes per token and vocabulary entry: logits, their softmax and gradient in 32 bits


@dataclass(frozen=True)
class Run:
    """A training run, or a reward model's scoring pass, which has no steps and leaves no files. Memory in bytes: per
    GPU (None on the CPU), and on the host for all processes together."""

    stage: str
    rows: Range  # or dialogues
    tokens: Range
    hours: Range
    gpu: float | None
    host: float
    steps: Range = ZERO
    checkpoint: float = 0.0  # bytes on disk that remain
    scratch: float = 0.0  # bytes on disk during the run


class Trainings:
    """All training runs, in the order of params, and all scoring passes."""

    def __init__(self, flow: Flow, machines: Machines) -> None:
        self.flow, self.settings, self.assumptions = flow, flow.settings, flow.assumptions
        self.gpus, self.shape = machines.gpus_training(), machines.shape(flow.settings.base.model)
        self.parameters = self.shape.parameters * 1e9

    def all(self) -> list[Run]:
        """One run for each trained model."""
        train, iterate = self.settings.train, self.settings.iterate
        runs = [self.run(f"train@{n}", t, self.flow.rows(f"mix-{t.data}@{t.mix}")) for n, t in train.items()]
        return runs + [self.run(f"iterate@{n}", iterate.recipe_of(n), self.flow.rows(f"sample@{n}"))
                       for n in iterate.rounds]

    def run(self, stage: str, recipe: Recipe, rows: Range) -> Run:
        """The cost of one training run."""
        batch = recipe.batch * recipe.accumulate * max(1, self.gpus)
        taken = steps(recipe, rows, batch)
        tokens = taken * batch * self._row(recipe)
        gpu, host = self._memory(recipe)
        scratch = 2 * self.parameters * (1 if self.settings.training.lora else 14)  # as training demands
        return Run(stage, rows, tokens, self._hours(recipe, tokens), gpu, host, taken, 2 * self.parameters, scratch)

    def reading(self, stage: str, need: Need) -> Run:
        """The cost of scoring questions and their answers with a reward model."""
        tokens, process = need.prompt_tokens + need.generated_tokens, self.assumptions.one("memory.process") * 1e9
        hours = self._time(tokens * (FORWARD * self.parameters), "gpu.reading", 1)
        gpu, host = (2 * self.parameters, process) if self.gpus else (None, process + 4 * self.parameters)
        return Run(stage, need.calls, tokens, hours, gpu, host)

    def _row(self, recipe: Recipe) -> Range:
        """Tokens per row as the trainer sees it, over all its dialogues."""
        return self.assumptions.number("tokens.example").at_most(recipe.max_length) * recipe.trained_by.dialogues

    def _hours(self, recipe: Recipe, tokens: Range) -> Range:
        """One forward pass, and a backward pass of twice the work; frozen weights save half of the backward pass."""
        passes = 2 if self.settings.training.lora else 3
        passes += self.settings.training.gradient_checkpointing  # one more forward pass
        passes += sum(PASSES[name] for name in recipe.trained_by.passes(recipe.loss))
        work = tokens * (FORWARD * passes * (self.shape.active or self.shape.parameters) * 1e9)
        return self._time(work, "gpu.training", self.gpus)

    def _time(self, flops: Range, share: str, gpus: int) -> Range:
        """Hours at the share of peak FLOP/s that GPUs reach, or at the CPU's rate."""
        rate = self.assumptions.rate
        return flops / (rate("gpu.flops") * rate(share) * gpus if self.gpus else rate("cpu.training")) / exact(3600)

    def _memory(self, recipe: Recipe) -> tuple[float | None, float]:
        sharded, lora = max(1, self.gpus), self.settings.training.lora
        states = memory(self.parameters, trained(self.shape, lora.rank) if lora else None)
        if recipe.trained_by.reference and not lora:
            states += 4 * self.parameters  # a separate reference model; LoRA disables its adapter instead
        activations, process = self._activations(recipe), self.assumptions.one("memory.process") * 1e9
        if not self.gpus:
            return None, states + activations + process
        return states / sharded + activations, sharded * (4 * self.parameters + process)  # each loads all weights

    def _activations(self, recipe: Recipe) -> float:
        """Bytes that one forward pass of a batch keeps for its backward pass, with all rows at full length."""
        method = recipe.trained_by
        tokens = recipe.batch * recipe.max_length * method.dialogues
        each = CHECKPOINTED if self.settings.training.gradient_checkpointing else ACTIVATION
        logits = LOGIT * self.shape.vocabulary if method.policy else 0
        return tokens * (each * self.shape.hidden * self.shape.layers + logits)


def steps(recipe: Recipe, rows: Range, batch: int) -> Range:
    """Optimiser steps over rows of data, with `batch` of the trainer's rows per step."""
    if recipe.steps:
        return exact(recipe.steps)
    seen = rows * (recipe.epochs * recipe.trained_by.rows / batch)
    return Range(*(max(1, math.ceil(round(v, 6))) for v in (seen.low, seen.expected, seen.high)))


def memory(parameters: float, lora: float | None) -> float:
    """Bytes of weights, gradients and Adam's two moments. Full training: 4 + 4 + 8 per weight, or 2 + 2 + 12 in mixed
    precision. LoRA: 4 per weight, 16 per adapter weight."""
    return 16 * parameters if lora is None else 4 * parameters + 16 * lora


def trained(shape: Shape, rank: int) -> float:
    """Parameters of an adapter on all linear layers: rank · (in + out), where in + out sums to about 20 · hidden per
    layer in the Llama family (2 each for q and o, 1.25 each for k and v, 4.5 each for the three feed-forward ones)."""
    return 20.0 * rank * shape.layers * shape.hidden
