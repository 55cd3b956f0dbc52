"""Transformers checkpoints: the one training starts from, intermediate ones, and the final one."""

import json
import os
import shutil
from pathlib import Path

from ultramed import tables
from ultramed.errors import ModelError
from ultramed.training.job import FINAL, Job

POINTER = "model.json"  # replaces weights that are in the Hub client's cache: {"hub_id": …, "revision": …}


def convert(weights: Path, out: Path) -> None:
    """Write a checkpoint from `weights`: a GGUF file is dequantised, a Transformers folder is linked, and a
    pointer to the Hub is kept. Raises ModelError for anything else."""
    files = sorted(p for p in weights.rglob("*") if p.is_file())
    ggufs = [p for p in files if p.suffix == ".gguf"]
    with tables.artifact(out) as folder:
        if len(ggufs) == 1:
            _from_gguf(ggufs[0], folder)
        elif any(p.name in (POINTER, "config.json") for p in files):
            for path in files:
                _link(path, folder / path.relative_to(weights))
        else:
            names = ", ".join(p.name for p in files[:5]) or "nothing"
            raise ModelError(str(weights), f"holds {names}; expected one GGUF file or a Transformers checkpoint",
                             "name another model of models.local in base.model")


def _from_gguf(file: Path, folder: Path) -> None:
    """Token ids agree with llama.cpp's. The checkpoint does not mention the file's name."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig, set_seed

    set_seed(0)
    where, name = str(file.parent), file.name
    model = AutoModelForCausalLM.from_pretrained(
        where, gguf_file=name, dtype=torch.float32, quantization_config=GgufConfig(gguf_file=name, dequantize=True))
    model.config._name_or_path = ""
    model.bfloat16().save_pretrained(folder)
    AutoTokenizer.from_pretrained(where, gguf_file=name).save_pretrained(folder)


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path.resolve(), target)
    except OSError:
        shutil.copy2(path, target)


def source(folder: Path) -> tuple[str, str | None]:
    """Arguments of `from_pretrained` for a checkpoint: (path or Hub id, revision)."""
    pointer = folder / POINTER
    if not pointer.exists():
        return str(folder), None
    model = json.loads(pointer.read_text(encoding="utf-8"))
    return model["hub_id"], model.get("revision")


def newest(scratch: Path) -> str | None:
    """The newest complete checkpoint of a killed run. Deletes those that are incomplete."""
    whole: list[tuple[int, Path]] = []
    for folder in scratch.glob("checkpoint-*"):
        try:
            json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))  # Transformers writes it last
            whole.append((int(folder.name.split("-")[1]), folder))
        except (OSError, ValueError):
            shutil.rmtree(folder, ignore_errors=True)  # another process of this training may be deleting it too
    return str(max(whole)[1]) if whole else None


def export(job: Job, folder: Path) -> None:
    """Write the finished model in bfloat16, adapters merged, with tokenizer and template."""
    from transformers import AutoTokenizer

    final, head = job.scratch / FINAL, job.recipe.trained_by.head
    if job.training.lora is None:
        model = head.load(final)
    else:
        from peft import PeftModel

        path, revision = source(job.start)
        model = PeftModel.from_pretrained(head.load(path, revision=revision), str(final)).merge_and_unload()
    tokenizer = AutoTokenizer.from_pretrained(final)
    model.config._name_or_path = ""
    model.config.use_cache = True  # trainers turn it off
    model.config.pad_token_id = tokenizer.pad_token_id
    model.bfloat16().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
