"""A training method: one declaration that params, training, planning and release use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ultramed.records import Example, Preference

WEIGHT = "margin"  # the column of a row's weight, relative to the mean of all: TRL's collator drops other names
DataKind = Literal["instructions", "preferences"]
ROWS: dict[DataKind, type[Example] | type[Preference]] = {"instructions": Example, "preferences": Preference}


class Parts(Protocol):
    """The parts of a trainer."""

    train: Any  # datasets.Dataset of rows in TRL's conversational form

    @property
    def recipe(self) -> Any:
        """The `Recipe` from params.yaml."""

    @property
    def seed(self) -> int:
        """The seed of everything drawn at random."""

    @property
    def template(self) -> str:
        """Name of the chat template, for error messages."""

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments that every TRL configuration takes."""

    @property
    def inputs(self) -> dict[str, Any]:
        """Arguments that every TRL trainer takes: model, data sets, tokenizer, adapter, callbacks."""

    @property
    def reference(self) -> Any:
        """The frozen reference model; None with LoRA, which uses the model without its adapter."""


@dataclass(frozen=True)
class Head:
    """A model's head, and how models with it are loaded, adapted and shown."""

    role: str
    loader: str  # Transformers class
    adapter: Mapping[str, Any]  # arguments of PEFT's LoraConfig
    pipeline: str  # the Hub's name for its task
    options: Mapping[str, Any] = field(default_factory=dict)  # arguments of `from_pretrained`

    def load(self, path: Any, **more: Any) -> Any:
        """The model in float32. A head missing from the checkpoint is initialised at random."""
        import torch
        import transformers

        return getattr(transformers, self.loader).from_pretrained(path, dtype=torch.float32, **self.options, **more)


CAUSAL = Head("policy", "AutoModelForCausalLM", {"task_type": "CAUSAL_LM"}, "text-generation")
REWARD = Head(
    "reward model", "AutoModelForSequenceClassification",
    {"task_type": "SEQ_CLS", "modules_to_save": ["score"]},  # the new head has no adapter: it is trained in full
    "text-classification", {"num_labels": 1})


@dataclass(frozen=True)
class Method:
    """One training method. `trainer` imports TRL inside: declaring a method loads nothing."""

    name: str  # also its module's
    title: str  # as shown in a model card
    tag: str  # on the Hub
    data: DataKind  # what it learns from
    trainer: Callable[[Parts], Any]  # builds TRL's trainer
    head: Head = CAUSAL
    losses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Allowed values of `loss`, and the passes each adds to a step, named as in `ultramed/planning/training.py`.
    Empty: `loss` must be null."""
    beta: bool = False  # whether it needs a `beta`; others take none
    packs: bool = False  # whether short rows can be joined up to max_length
    smallest_batch: int = 1  # rows
    weighs: bool = False  # whether it heeds the weights of its rows
    reference: bool = False  # whether it trains against a frozen copy of the model it starts from
    rows: int = 1  # rows its trainer makes from one row of data
    dialogues: int = 1  # in each of those rows: 2 if chosen and rejected are read side by side

    @property
    def policy(self) -> bool:
        """Whether it trains policies rather than reward models."""
        return self.head is CAUSAL

    def passes(self, loss: str | None) -> tuple[str, ...]:
        """Names of a step's passes besides its own forward and backward pass."""
        return (("reference",) if self.reference else ()) + self.losses.get(loss or "", ())
