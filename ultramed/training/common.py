"""What all methods share: the loaded parts, TRL's settings, and a watch over the run."""

import math
import sys
from dataclasses import dataclass, field
from typing import Any

from ultramed.errors import ModelError, ParamsError
from ultramed.progress import Progress
from ultramed.training.base import source
from ultramed.training.data import Data
from ultramed.training.job import Job

POINTS = 200  # of a curve, at most about so many
CURVES = {  # log entries that become curves, by the name a person reads
    "loss": "loss", "learning_rate": "learning_rate", "grad_norm": "gradient_norm",
    "mean_token_accuracy": "token_accuracy", "accuracy": "pair_accuracy", "margin": "margin",
    "rewards/accuracies": "pair_accuracy", "rewards/margins": "margin", "rewards/chosen": "reward_chosen",
    "rewards/rejected": "reward_rejected",
}  # fmt: skip


@dataclass
class Parts:
    """What a trainer is made of."""

    job: Job
    model: Any
    tokenizer: Any
    train: Any
    dev: Any  # None where the split `dev` is empty
    reference: Any = None  # model; None where the method needs none, or takes the model without its adapter
    callbacks: list[Any] = field(default_factory=list)

    def lora(self, task: str, whole: list[str] | None = None) -> Any:
        """PEFT's configuration, or None where all weights are trained; `whole` names modules trained beside it."""
        chosen = self.job.training.lora
        if chosen is None:
            return None
        from peft import LoraConfig

        return LoraConfig(r=chosen.rank, lora_alpha=chosen.alpha, lora_dropout=chosen.dropout, task_type=task,
                          target_modules="all-linear", modules_to_save=whole)


def load(job: Job, data: Data, tokenizer: Any) -> Parts:
    """Model and data sets, on this process."""
    import torch
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, set_seed

    set_seed(job.seed)  # a new head is drawn here
    kind = AutoModelForSequenceClassification if job.recipe.method == "reward" else AutoModelForCausalLM
    extra = {"num_labels": 1} if job.recipe.method == "reward" else {}
    path, revision = source(job.start)
    model = kind.from_pretrained(path, revision=revision, dtype=torch.float32, **extra)
    model.config.pad_token_id = tokenizer.pad_token_id
    paired = job.recipe.method in ("dpo", "kto") and job.training.lora is None
    reference = kind.from_pretrained(path, revision=revision, dtype=torch.float32) if paired else None
    dev = Dataset.from_list(data.dev) if data.dev else None
    return Parts(job, model, tokenizer, Dataset.from_list(data.train), dev, reference)


def settings(parts: Parts) -> dict[str, Any]:
    """Arguments that every TRL configuration takes. Raises ParamsError for an optimizer it does not know."""
    import torch
    from transformers.training_args import OptimizerNames

    recipe, training = parts.job.recipe, parts.job.training
    if training.optimizer not in (known := [o.value for o in OptimizerNames]):
        raise ParamsError("params.yaml: training.optimizer", f"is '{training.optimizer}'; expected one of "
                                                             f"{', '.join(known)}")
    rows = len(parts.train) * (2 if recipe.method == "kto" else 1)
    steps = recipe.steps or math.ceil(rows * recipe.epochs / (recipe.batch * recipe.accumulate))
    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(parts.job.scratch), "seed": parts.job.seed, "report_to": "none", "disable_tqdm": True,
        "num_train_epochs": recipe.epochs, "max_steps": recipe.steps or -1, "learning_rate": recipe.learning_rate,
        "lr_scheduler_type": recipe.scheduler, "warmup_steps": recipe.warmup, "weight_decay": recipe.weight_decay,
        "per_device_train_batch_size": recipe.batch, "per_device_eval_batch_size": recipe.batch,
        "gradient_accumulation_steps": recipe.accumulate, "optim": training.optimizer,
        "gradient_checkpointing": training.gradient_checkpointing, "bf16": training.precision == "bf16",
        "use_cpu": not gpu, "logging_steps": max(1, steps // POINTS), "logging_nan_inf_filter": False,
        "save_strategy": "steps", "save_steps": training.save_every, "save_total_limit": 2,
        "dataloader_pin_memory": gpu,
    }


def watch(name: str) -> Any:
    """A Trainer callback: progress for a person, and an end to a run whose loss is no number any more."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        stepped = False  # whether training has begun, or gone on from a checkpoint

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step and state.is_world_process_zero:
                print(f"  train {name}: goes on from step {state.global_step}", file=sys.stderr, flush=True)
            self.progress = Progress(f"train {name}, steps", state.max_steps, state.global_step)

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.stepped = True

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.progress.step()
            if state.global_step >= state.max_steps:  # Transformers resumes from a finished run with one step too many
                control.should_save = False

        def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.progress.__exit__(None, None, None)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            for entry in ("loss", "grad_norm", "train_loss", "eval_loss"):
                value = (logs or {}).get(entry)
                if value is not None and not math.isfinite(float(value)):
                    raise ModelError(f"train {name}", f"{entry.replace('_', ' ')} is {value} at step "
                                     f"{state.global_step}", "lower its learning_rate, or look at the rows of its data")

    return Watch()


def curves(history: list[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """Points (step, value) by curve, from a Trainer's log; nothing in it depends on time."""
    found: dict[str, list[tuple[int, float]]] = {}
    for entry in history:
        for key, value in entry.items():
            dev = key.startswith("eval_")
            if name := CURVES.get(key.removeprefix("eval_")):
                found.setdefault(f"{'dev' if dev else 'train'}/{name}", []).append((entry["step"], float(value)))
    return found
