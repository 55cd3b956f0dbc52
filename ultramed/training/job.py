"""One training job: everything that decides its weights, and where its files are."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ultramed import artifacts, methods, paths, registry, tables
from ultramed.artifacts import RECORD
from ultramed.codekeys.keys import Keys
from ultramed.errors import ModelError, ParamsError
from ultramed.ledger.requests import digest
from ultramed.params import Params, Recipe, Training
from ultramed.sources.hashing import files_hash
from ultramed.sources.models import weights_hash
from ultramed.training.data import template_text

FINAL = "final"  # final weights or adapter, under the scratch folder
LEARNT = ("rows", "dev")  # tables of `data` that training reads


@dataclass(frozen=True)
class Job:
    """One model to train."""

    name: str
    recipe: Recipe
    training: Training
    start: Path  # Transformers checkpoint it starts from
    data: Path  # artifact with the tables `rows` and `dev`
    template: str | None  # chat template with the assistant's part marked; None: the tokenizer's own
    seed: int

    @property
    def out(self) -> Path:
        """The finished checkpoint."""
        return artifacts.MODELS / self.name

    @property
    def curves(self) -> Path:
        """The folder of its curves."""
        return artifacts.CURVES / self.name

    @cached_property
    def inputs(self) -> dict[str, str]:
        """Hashes of what it starts from and what it learns from."""
        return {"start": weights_hash(self.start), "data": data_hash(self.data)}

    @cached_property
    def scratch(self) -> Path:
        """Where a killed run left its checkpoints: one folder for each set of params, inputs and code."""
        decides = [self.name, self.recipe.model_dump(mode="json"), self.training.model_dump(mode="json"),
                   template_text(self.template), self.seed, self.inputs, code_key(self.recipe.method),
                   versions()]
        return paths.home() / "checkpoints" / f"{self.name}-{digest(decides)[:16]}"


def code_key(method: str) -> str:
    """Key of the training code: a run killed under other code must not be resumed."""
    keys = Keys(registry.ROOT)
    return digest([keys.text(keys.reach(name)) for name in ("ultramed.training.run", f"ultramed.methods.{method}")])


def job_named(name: str, settings: Params) -> Job:
    """The job of a model named under `train`, or of a round `iterate-<n>`.

    Raises ParamsError for any other name, ModelError if it would start from a reward model.
    """
    if name in settings.train:
        recipe: Recipe = settings.train[name]
        start = settings.train[name].from_
        data = artifacts.MIXTURES[settings.train[name].data] / settings.train[name].mix
    elif name.startswith("iterate-") and (number := name.removeprefix("iterate-")) in settings.iterate.rounds:
        recipe, start = settings.iterate.recipe_of(number), settings.iterate.rounds[number].from_
        data = artifacts.SAMPLED / number
    else:
        known = [n for n in settings.ours if n != "base"]
        raise ParamsError("train", f"unknown model '{name}'; expected one of {', '.join(known)}")
    checkpoint = artifacts.MODELS / start
    if is_reward_model(checkpoint):
        raise ModelError(str(checkpoint), "is a reward model; expected a policy to start from",
                         "run `dvc repro` to train it again")
    return Job(name=name, recipe=recipe, training=settings.training, start=checkpoint, data=data,
               template=settings.base.template, seed=settings.seed)


def data_hash(folder: Path) -> str:
    """Hash of the train and dev rows, regardless of other files in the folder."""
    return files_hash(folder, [shard.name for table in LEARNT for shard in tables.shards(folder, table)])


def record(checkpoint: Path) -> dict:
    """A model's training record; empty for the base."""
    path = checkpoint / RECORD
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def is_reward_model(checkpoint: Path) -> bool:
    """Whether a checkpoint was trained here as a reward model."""
    method = record(checkpoint).get("method")
    return method in methods.names() and not methods.get(method).policy


def versions() -> dict[str, str]:
    """Versions of the libraries that affect the result of training."""
    from importlib.metadata import version

    return {name: version(name) for name in ("torch", "transformers", "trl", "peft", "accelerate")}
