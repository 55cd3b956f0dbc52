"""Sections of the training half: the base model, mixtures, and how models are trained."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from ultramed.params.base import Positive, Rights, Section, Share, Temperature
from ultramed.params.models import ServingEngineName

Weight = Annotated[float, Field(ge=0)]
Rate = Annotated[float, Field(gt=0)]


class Base(Section):
    model: str  # of models.local
    template: str | None


class Mix(Section):
    allows: list[Rights]
    max_characters: Positive
    instructions: dict[str, Weight]
    preferences: dict[str, Weight]


class Lora(Section):
    rank: Positive
    alpha: Positive
    dropout: Share = 0.0


class Training(Section):
    lora: Lora | None
    precision: Literal["fp32", "bf16"]
    optimizer: str
    gradient_checkpointing: bool
    save_every: Positive
    launch: str | None


class Recipe(Section):
    """How one model is trained; `beta` and `loss` belong to dpo and kto, `packing` to sft."""

    method: Literal["sft", "reward", "dpo", "kto"]
    epochs: Rate
    steps: Positive | None
    learning_rate: Rate
    scheduler: Literal["cosine", "linear", "constant_with_warmup"]
    warmup: Share
    weight_decay: Annotated[float, Field(ge=0)]
    batch: Positive
    accumulate: Positive
    max_length: Positive
    beta: Rate | None = None
    loss: Literal["sigmoid", "ipo", "nca_pair", "kto", "apo_zero_unpaired"] | None = None
    packing: bool = False

    @model_validator(mode="after")
    def _settings_fit_the_method(self) -> "Recipe":
        losses = {"dpo": ("sigmoid", "ipo", "nca_pair"), "kto": ("kto", "apo_zero_unpaired")}.get(self.method, (None,))
        if self.loss not in losses:
            raise ValueError(f"loss is {self.loss}; method {self.method} takes {' or '.join(map(str, losses))}")
        if (self.beta is None) != (losses == (None,)):
            raise ValueError(f"beta is {self.beta}; method {self.method} "
                             f"{'needs a number' if self.beta is None else 'takes none'}")
        if self.packing and self.method != "sft":
            raise ValueError(f"packing is true; method {self.method} cannot pack")
        if self.method == "kto" and self.batch < 2:
            raise ValueError("batch is 1; method kto compares the rows of a batch and needs at least 2")
        return self


class Trained(Recipe):
    """One model of ours: what it starts from and learns from."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    from_: str = Field(alias="from")
    data: Literal["instructions", "preferences"]

    @model_validator(mode="after")
    def _data_fit_the_method(self) -> "Trained":
        if (self.data == "instructions") != (self.method == "sft"):
            raise ValueError(f"data is {self.data}; method {self.method} learns from "
                             f"{'instructions' if self.method == 'sft' else 'preferences'}")
        return self


class Round(Section):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    from_: str = Field(alias="from")


class Iterate(Section):
    reward: str
    prompts: Positive | None
    samples: Positive
    temperature: Temperature
    top_p: Share
    max_tokens: Positive
    recipe: Recipe
    rounds: dict[str, Round]


class Serving(Section):
    engine: ServingEngineName
    context: Positive
    concurrency: Positive
    demonstration: bool = False
    options: dict[str, str | int | float | bool] = {}


class Ensemble(Section):
    samples: Annotated[int, Field(ge=2)]
    temperature: Temperature
    top_p: Share
    reward: str


class Greedy(Section):
    """A policy evaluated greedily: there is nothing to set."""


class Evaluate(Section):
    items: Positive | None  # of each task; null for all
    format: Literal["text", "json"]
    max_tokens: Positive
    policies: dict[str, Greedy]
    ensembles: dict[str, Ensemble]
    reward_models: dict[str, Greedy]
