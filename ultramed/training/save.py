"""What a finished training leaves behind: a checkpoint, and its curves."""

import shutil
from pathlib import Path
from typing import Any

from ultramed.training.base import source
from ultramed.training.job import FINAL, Job


def write_checkpoint(job: Job, folder: Path) -> None:
    """The finished model in bfloat16, adapters merged, with tokenizer and template."""
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

    final = job.scratch / FINAL
    kind = AutoModelForSequenceClassification if job.recipe.method == "reward" else AutoModelForCausalLM
    extra: dict[str, Any] = {"num_labels": 1} if job.recipe.method == "reward" else {}
    if job.training.lora is None:
        model = kind.from_pretrained(final, dtype=torch.float32, **extra)
    else:
        from peft import PeftModel

        path, revision = source(job.start)
        start = kind.from_pretrained(path, revision=revision, dtype=torch.float32, **extra)
        model = PeftModel.from_pretrained(start, str(final)).merge_and_unload()
    tokenizer = AutoTokenizer.from_pretrained(final)
    model.config._name_or_path = ""
    model.config.use_cache = True  # trainers turn it off
    model.config.pad_token_id = tokenizer.pad_token_id
    model.bfloat16().save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def write_curves(found: dict[str, list[list[float]]], folder: Path) -> None:
    """DVCLive's TSVs, one a curve (step and value), without what it writes beside them."""
    from dvclive import Live

    class Alone(Live):
        def _init_dvc(self) -> None:
            """Looks at no repository: it would fail in one without a commit, and send curves to DVC Studio."""
            self._dvc_file = self._init_dvc_file()

        def _init_studio(self) -> None:
            self._studio_events_to_skip = {"start", "data", "done"}

    workshop = folder / "live"
    with Alone(str(workshop), save_dvc_exp=False, dvcyaml=None) as live:
        for step in sorted({int(step) for points in found.values() for step, _ in points}):
            live.step = step
            for name, points in sorted(found.items()):
                for at, value in points:
                    if at == step:
                        live.log_metric(name, value, timestamp=False)
    for part in sorted((workshop / "plots" / "metrics").iterdir()):
        part.rename(folder / part.name)
    shutil.rmtree(workshop)
