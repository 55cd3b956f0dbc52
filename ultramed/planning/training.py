"""Stages that train: steps, tokens, hours, memory, disk."""

import math
from dataclasses import dataclass

from ultramed.params import Recipe
from ultramed.planning import mixtures
from ultramed.planning.assumptions import Shape
from ultramed.planning.machine import Machines
from ultramed.planning.ranges import Range, exact
from ultramed.planning.rows import Rows


@dataclass(frozen=True)
class Run:
    """One training. Memory in bytes: of each GPU (None on the CPU), and of the host, all processes together."""

    stage: str
    rows: Range
    steps: Range
    tokens: Range
    hours: Range
    gpu: float | None
    host: float
    checkpoint: float  # bytes on disk that stay
    scratch: float  # bytes on disk while it runs


class Trainings:
    """All trainings of a run, in the order of params."""

    def __init__(self, rows: Rows, machines: Machines) -> None:
        self.rows, self.machines, self.book, self.s = rows, machines, rows.book, rows.settings
        self.gpus = machines.gpus_training()
        self.shape = machines.shape(self.s.base.model)

    def all(self) -> list[Run]:
        runs = [self.run(f"train@{n}", t, mixtures.mixed(self.rows, t.data)) for n, t in self.s.train.items()]
        return runs + [self.run(f"iterate@{n}", self.s.iterate.recipe, mixtures.sampled(self.rows, n))
                       for n in self.s.iterate.rounds]

    def run(self, stage: str, recipe: Recipe, rows: Range) -> Run:
        batch = recipe.batch * recipe.accumulate * max(1, self.gpus)
        taken = steps(recipe, rows, batch)
        tokens = taken * batch * self._row(recipe)
        n = self.shape.parameters * 1e9
        gpu, host = self._memory(recipe)
        scratch = 2 * n * (1 if self.s.training.lora else 14)  # as training itself demands before it starts
        return Run(stage, rows, taken, tokens, self._hours(recipe, tokens), gpu, host, 2 * n, scratch)

    def _row(self, recipe: Recipe) -> Range:
        """Tokens of a row as the trainer reads it: of all its dialogues."""
        method = recipe.trained_by
        kind = "example" if method.data == "instructions" else "preference"
        return self.book.number(f"tokens.{kind}").at_most(recipe.max_length) * method.dialogues

    def _hours(self, recipe: Recipe, tokens: Range) -> Range:
        passes = self._one("passes.lora" if self.s.training.lora else "passes.full")
        if self.s.training.gradient_checkpointing:
            passes += self._one("passes.checkpointing")
        for name in recipe.trained_by.passes(recipe.loss):
            passes += self._one(f"passes.{name}")
        work = tokens * (passes * (self.shape.active or self.shape.parameters) * 1e9)
        if not self.gpus:
            return work / self.book.rate("cpu.training") / exact(3600)
        speed = self.book.rate("gpu.flops") * self.book.rate("gpu.training") * self.gpus
        return work / speed / exact(3600)

    def _memory(self, recipe: Recipe) -> tuple[float | None, float]:
        n, sharded = self.shape.parameters * 1e9, max(1, self.gpus)
        states = memory(n, trained(self.shape, self.s.training.lora.rank) if self.s.training.lora else None)
        if recipe.trained_by.reference and not self.s.training.lora:
            states += 4 * n  # a second model as reference; with LoRA it is the model without its adapter
        activations = self._activations(recipe)
        process = self._one("memory.process") * 1e9
        if not self.gpus:
            return None, states + activations + process
        return states / sharded + activations, sharded * (4 * n + process)  # each process loads all weights first

    def _activations(self, recipe: Recipe) -> float:
        """Bytes that one forward pass of a batch keeps for its backward pass, as if all rows were of full length."""
        method = recipe.trained_by
        tokens = recipe.batch * recipe.max_length * method.dialogues
        each = 2 if self.s.training.gradient_checkpointing else self._one("memory.activations")
        logits = self._one("memory.logits") * self.shape.vocabulary if method.policy else 0
        return tokens * (each * self.shape.hidden * self.shape.layers + logits)

    def _one(self, name: str) -> float:
        return self.book.number(name).expected


def steps(recipe: Recipe, rows: Range, batch: int) -> Range:
    """Optimiser steps over rows of data at `batch` of the trainer's rows a step."""
    if recipe.steps:
        return exact(recipe.steps)
    seen = rows * (recipe.epochs * recipe.trained_by.rows / batch)
    return Range(*(max(1, math.ceil(round(v, 6))) for v in (seen.low, seen.expected, seen.high)))


def memory(parameters: float, lora: float | None) -> float:
    """Bytes of weights, gradients and Adam's two moments. All weights: 4 + 4 + 8 for each, with mixed precision as
    well (2 + 2 + 12). LoRA: 4 for each weight, 16 for each of the adapter's."""
    return 16 * parameters if lora is None else 4 * parameters + 16 * lora


def trained(shape: Shape, rank: int) -> float:
    """An adapter's parameters on all linear layers: rank · (in + out), which come to about 20 · hidden in a layer of
    the Llama family (2 for each of q and o, 1.25 for k and v, 4.5 for each of three in the feed-forward part)."""
    return 20.0 * rank * shape.layers * shape.hidden
