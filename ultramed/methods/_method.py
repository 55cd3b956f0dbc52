"""What a way to train is: one declaration that params, training, planning and release ask."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ultramed.records import Example, Preference

DataKind = Literal["instructions", "preferences"]
ROWS: dict[DataKind, type[Example] | type[Preference]] = {"instructions": Example, "preferences": Preference}


class Parts(Protocol):
    """What a trainer is built from."""

    train: Any  # datasets.Dataset of rows in TRL's conversational form

    @property
    def recipe(self) -> Any:
        """The `Recipe` from params.yaml."""

    @property
    def seed(self) -> int:
        """Of everything drawn at random."""

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
        """The frozen reference model; None with LoRA, where it is the model without its adapter."""


@dataclass(frozen=True)
class Head:
    """What a model ends in, and how it is loaded, adapted and shown because of it."""

    role: str
    loader: str  # class of Transformers
    adapter: Mapping[str, Any]  # of PEFT's LoraConfig
    pipeline: str  # the Hub's name for what the model does
    options: Mapping[str, Any] = field(default_factory=dict)  # of `from_pretrained`

    def load(self, path: Any, **more: Any) -> Any:
        """The model in float32. A head that the checkpoint lacks is drawn at random."""
        import torch
        import transformers

        return getattr(transformers, self.loader).from_pretrained(path, dtype=torch.float32, **self.options, **more)


CAUSAL = Head("policy", "AutoModelForCausalLM", {"task_type": "CAUSAL_LM"}, "text-generation")
REWARD = Head(
    "reward model", "AutoModelForSequenceClassification",
    {"task_type": "SEQ_CLS", "modules_to_save": ["score"]},  # the new head has no adapter: it is trained whole
    "text-classification", {"num_labels": 1})


@dataclass(frozen=True)
class Method:
    """One way to train. `trainer` imports TRL inside: declaring a method loads nothing."""

    name: str  # of its module, too
    title: str  # in words, as a model card says it
    tag: str  # on the Hub
    data: DataKind  # what it learns from
    trainer: Callable[[Parts], Any]  # builds TRL's trainer
    head: Head = CAUSAL
    losses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What `loss` may be, and what passes each adds to a step, by their names in `ultramed/planning/training.py`.
    Empty: `loss` must be null."""
    beta: bool = False  # whether it needs a `beta`; others take none
    packs: bool = False  # whether short rows can be joined up to max_length
    smallest_batch: int = 1  # rows
    reference: bool = False  # whether it trains against a frozen copy of the model it starts from
    rows: int = 1  # rows that its trainer makes of one row of data
    dialogues: int = 1  # that one of those rows holds: 2 where chosen and rejected are read side by side

    @property
    def policy(self) -> bool:
        """Whether its models answer; the others give rewards."""
        return self.head is CAUSAL

    def passes(self, loss: str | None) -> tuple[str, ...]:
        """What a step does beside its own forward and backward pass, by name."""
        return (("reference",) if self.reference else ()) + self.losses.get(loss or "", ())
