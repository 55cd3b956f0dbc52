"""The parts of a method's trainer: model, data sets, and the settings all TRL trainers share."""

import math
from dataclasses import dataclass, field
from typing import Any

from ultramed.errors import ParamsError
from ultramed.params import Recipe
from ultramed.training.checkpoints import source
from ultramed.training.data import OWN, Data
from ultramed.training.job import Job

POINTS = 200  # per curve, about


@dataclass
class Parts:
    """The parts of one trainer, as `ultramed.methods` expects them."""

    job: Job
    model: Any
    tokenizer: Any
    train: Any
    dev: Any  # None if the split `dev` is empty
    reference: Any = None  # model; None if the method needs none, or uses the model without its adapter
    callbacks: list[Any] = field(default_factory=list)

    @property
    def recipe(self) -> Recipe:
        """How it is trained."""
        return self.job.recipe

    @property
    def seed(self) -> int:
        """The seed of everything drawn at random."""
        return self.job.seed

    @property
    def template(self) -> str:
        """Name of the chat template, for error messages."""
        return self.job.template or OWN

    @property
    def inputs(self) -> dict[str, Any]:
        """Arguments that every TRL trainer takes."""
        return {"model": self.model, "train_dataset": self.train, "eval_dataset": self.dev,
                "processing_class": self.tokenizer, "peft_config": self._adapter(), "callbacks": self.callbacks}

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments that every TRL configuration takes. Raises ParamsError for an unknown optimizer."""
        import torch

        recipe, training = self.recipe, self.job.training
        _check_optimizer(training.optimizer)
        rows = len(self.train) * recipe.trained_by.rows
        steps = recipe.steps or math.ceil(rows * recipe.epochs / (recipe.batch * recipe.accumulate))
        gpu = torch.cuda.is_available()
        return {
            "output_dir": str(self.job.scratch), "seed": self.seed, "report_to": "none", "disable_tqdm": True,
            "num_train_epochs": recipe.epochs, "max_steps": recipe.steps or -1, "learning_rate": recipe.learning_rate,
            "lr_scheduler_type": recipe.scheduler, "warmup_steps": recipe.warmup, "weight_decay": recipe.weight_decay,
            "per_device_train_batch_size": recipe.batch, "per_device_eval_batch_size": recipe.batch,
            "gradient_accumulation_steps": recipe.accumulate, "optim": training.optimizer,
            "gradient_checkpointing": training.gradient_checkpointing, "bf16": training.precision == "bf16",
            "use_cpu": not gpu, "logging_steps": max(1, steps // POINTS), "logging_nan_inf_filter": False,
            "save_strategy": "steps", "save_steps": training.save_every, "save_total_limit": 2,
            "dataloader_pin_memory": gpu,
        }

    def _adapter(self) -> Any:
        """PEFT's configuration; None if all weights are trained."""
        lora = self.job.training.lora
        if lora is None:
            return None
        from peft import LoraConfig

        return LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules="all-linear",
                          **self.recipe.trained_by.head.adapter)


def _check_optimizer(name: str) -> None:
    from transformers.training_args import OptimizerNames

    if name not in (known := [o.value for o in OptimizerNames]):
        raise ParamsError("params.yaml: training.optimizer", f"is '{name}'; expected one of {', '.join(known)}")


def load(job: Job, data: Data, tokenizer: Any) -> Parts:
    """Load the model and data sets in this process."""
    from datasets import Dataset
    from transformers import set_seed

    set_seed(job.seed)  # a new head is initialised below
    method, (path, revision) = job.recipe.trained_by, source(job.start)
    model = method.head.load(path, revision=revision)
    model.config.pad_token_id = tokenizer.pad_token_id
    frozen = method.reference and job.training.lora is None
    reference = method.head.load(path, revision=revision) if frozen else None
    dev = Dataset.from_list(data.dev) if data.dev else None
    return Parts(job, model, tokenizer, Dataset.from_list(data.train), dev, reference)
