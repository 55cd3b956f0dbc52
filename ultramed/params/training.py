"""Sections of the training half: the base model, mixtures, and how models are trained."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from ultramed import methods
from ultramed.methods import DataKind, Method
from ultramed.params.base import Decoding, Positive, Rights, Section, Share, Tokens
from ultramed.params.models import ServingEngineName
from ultramed.params.names import Key, Name


def _known(method: str) -> str:
    if method not in methods.names():
        raise ValueError(f"is '{method}'; expected one of {', '.join(methods.names())}")
    return method


SMALLEST_COUNT = 10  # a smaller whole number is more likely meant as a weight


def _amount(value: float | int) -> float | int:
    if isinstance(value, int) and 0 < value < SMALLEST_COUNT:
        raise ValueError(f"is {value}, a number of rows; write {value:.1f} for {value} times all rows")
    return value


Weight = Annotated[float, Field(ge=0)]  # a multiple of a set's rows: 0.5 a random half, 2.0 all of them twice
Rows = Annotated[int, Field(ge=0)]  # a number of them, drawn at random; all if there are fewer
Amount = Annotated[Rows | Weight, AfterValidator(_amount)]
Rate = Annotated[float, Field(gt=0)]
MethodName = Annotated[str, AfterValidator(_known)]  # a module of ultramed/methods


class Base(Section):
    """The model that training starts from."""

    model: str  # of models.local
    template: str | None  # chat template file with the assistant's part marked; null for the tokenizer's own


class Mix(Section):
    """What models learn from: mixtures by name, each of sets by name. `medical` are this repository's own rows; among
    preferences, `medical` are the selected pairs and `ranked` are all rank-ordered ones, each weighing one over the
    number of its prompt."""

    allows: list[Rights]  # rights classes that a model may learn from
    max_characters: Positive  # of the longest text of a row, all turns together
    instructions: dict[Key, dict[Key, Amount]]
    preferences: dict[Key, dict[Key, Amount]]


class Lora(Section):
    """Adapters on all linear layers, instead of training all weights."""

    rank: Positive
    alpha: Positive  # the adapter is scaled by alpha / rank
    dropout: Share = 0.0


class Training(Section):
    """Settings that all training runs share."""

    lora: Lora | None  # null: all weights are trained
    precision: Literal["fp32", "bf16"]
    optimizer: str  # as Transformers names it
    gradient_checkpointing: bool
    save_every: Positive  # steps from one checkpoint to the next
    launch: str | None  # path of a configuration for `accelerate launch`; null for one process


class Recipe(Section):
    """How one model is trained. Which of `loss`, `beta` and `packing` a recipe may set is up to its method."""

    method: MethodName
    epochs: Rate
    steps: Positive | None  # optimiser steps, whatever `epochs` says; null for as many as `epochs` takes
    learning_rate: Rate
    scheduler: Literal["cosine", "linear", "constant_with_warmup"]
    warmup: Share  # of all steps
    weight_decay: Annotated[float, Field(ge=0)]
    batch: Positive  # rows on one device in one pass
    accumulate: Positive  # passes in one optimiser step
    max_length: Positive  # tokens; longer rows are left out, not cut
    beta: Rate | None = None  # how strongly the policy is held to the reference model; null if the method has none
    loss: str | None = None  # variant of the method's loss; null if it has only one
    packing: bool = False  # whether short rows are packed up to max_length

    @property
    def trained_by(self) -> Method:
        """What the method needs and costs."""
        return methods.get(self.method)

    @model_validator(mode="after")
    def _settings_fit_the_method(self) -> "Recipe":
        method = self.trained_by
        losses: list[str | None] = [*method.losses] or [None]
        if self.loss not in losses:
            raise ValueError(f"loss is {self.loss}; method {self.method} takes {' or '.join(map(str, losses))}")
        if method.beta != (self.beta is not None):
            raise ValueError(f"beta is {self.beta}; method {self.method} "
                             f"{'needs a number' if method.beta else 'takes none'}")
        if self.packing and not method.packs:
            raise ValueError(f"packing is true; method {self.method} cannot pack")
        if self.batch < method.smallest_batch:
            raise ValueError(f"batch is {self.batch}; method {self.method} compares the rows of a batch and needs at "
                             f"least {method.smallest_batch}")
        return self


class Trained(Recipe):
    """One model that is trained: what it starts from and learns from."""

    from_: str = Field(alias="from")  # `base`, a policy under `train`, or a round `iterate-<n>`
    data: DataKind
    mix: str  # a mixture of that kind, under `mix.instructions` or `mix.preferences`

    @model_validator(mode="after")
    def _data_fit_the_method(self) -> "Trained":
        if self.data != (expected := self.trained_by.data):
            raise ValueError(f"data is {self.data}; method {self.method} learns from {expected}")
        return self


class Round(Section):
    """A round of iterative training."""

    from_: str = Field(alias="from")  # the policy that is sampled, and trained further
    mix: str | None = None  # of `mix.instructions`, whose questions are asked; null for iterate.mix
    recipe: Recipe | None = None  # null for iterate.recipe


class Iterate(Decoding):
    """Training on the policy's own answers: a reward model picks the best and the worst for each prompt."""

    reward: str  # the reward model, of `train`
    mix: str  # of `mix.instructions`, whose questions are asked
    prompts: Positive | None  # drawn from that mixture; null for all
    samples: Positive  # answers to each prompt
    max_tokens: Tokens  # of an answer
    recipe: Recipe
    rounds: dict[Key, Round]  # by number or name

    def recipe_of(self, number: str) -> Recipe:
        """How the model of a round is trained."""
        return self.rounds[number].recipe or self.recipe

    def mix_of(self, number: str) -> str:
        """The mixture whose questions a round asks."""
        return self.rounds[number].mix or self.mix


class Serving(Section):
    """How the policies trained here are served."""

    engine: ServingEngineName
    context: Positive  # tokens, prompt and reply together
    concurrency: Positive  # requests at once
    demonstration: bool = False  # too weak to be trusted: their output is marked
    options: dict[Name, str | int | float | bool] = {}  # passed to the engine unchanged


class Ensemble(Decoding):
    """A policy that answers each item several times: by majority vote, and by the reward model's choice."""

    samples: Annotated[int, Field(ge=2)]  # answers to each item
    reward: str  # the reward model, of `train`


class Greedy(Section):
    """A model that is evaluated without sampling; it has no settings."""


class Evaluate(Section):
    """Which models are evaluated, and how they answer."""

    items: Positive | None  # of each task; null for all
    format: Literal["text", "json"]  # of an answer: free reasoning with a closing line, or constrained JSON
    max_tokens: Tokens  # of an answer
    policies: dict[Key, Greedy]
    ensembles: dict[Key, Ensemble]  # by policy
    reward_models: dict[Key, Greedy]
