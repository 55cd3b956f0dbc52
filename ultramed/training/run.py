"""One training from its inputs to the finished checkpoint; a killed one resumes from its last checkpoint."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ultramed import methods, tables
from ultramed.artifacts import RECORD
from ultramed.errors import ModelError, ParamsError, UltramedError
from ultramed.rights import most_restrictive
from ultramed.training.checkpoints import export, newest, source
from ultramed.training.data import Data, check_template, read, template_text
from ultramed.training.job import FINAL, Job, record, versions
from ultramed.training.monitoring import curves, watch, write_curves
from ultramed.training.parts import load
from ultramed.training.resources import check_disk_space, explain_exhaustion, first_line

DONE = "done.json"  # written last: figures and curves of a finished training


def train_and_export(job: Job, rights: str, demonstration: bool) -> None:
    """Train, then write `job.out` and `job.curves`, each whole or not at all.

    `rights` is the base model's class, `demonstration` whether it is for demonstration only.
    """
    _check_launch(job)
    check_disk_space(job)
    job.scratch.mkdir(parents=True, exist_ok=True)
    with open(_beside(job, "lock"), "w", encoding="utf-8") as lock:
        _wait_for(lock.fileno(), job.name)
        if not (job.scratch / FINAL / DONE).exists():
            _launch(job, lock.fileno())
        done = json.loads((job.scratch / FINAL / DONE).read_text(encoding="utf-8"))
        with explain_exhaustion(job.name, job.curves), tables.artifact(job.curves) as folder:
            write_curves(done.pop("curves"), folder)
        with explain_exhaustion(job.name, job.out), tables.artifact(job.out) as folder:
            export(job, folder)
            written = done | {
                "name": job.name, "start": job.start.name, "hashes": job.inputs, "seed": job.seed,
                "rights": most_restrictive(rights, done["rights"], *_inherited(job)),
                "demonstration": demonstration, "recipe": job.recipe.model_dump(mode="json", by_alias=True),
                "training": job.training.model_dump(mode="json"), "versions": versions()}
            tables.write_text(folder / RECORD, json.dumps(written, indent=1, sort_keys=True) + "\n")
        _remove(job.scratch)
    for kind in ("lock", "log"):
        _beside(job, kind).unlink(missing_ok=True)


def train(job: Job) -> None:
    """Train in this process (one of several under `accelerate launch`) until `final/` in the scratch folder is whole.

    Raises SourceError for data without a usable row, ModelError for a template that drops a turn, a loss that is not
    finite or a damaged checkpoint, EnvironmentFault if disk or memory is full.
    """
    from transformers import AutoTokenizer, PrinterCallback

    path, revision = source(job.start)
    tokenizer = AutoTokenizer.from_pretrained(path, revision=revision)
    method = job.recipe.trained_by
    data = read(job.data, methods.ROWS[method.data], tokenizer, job.recipe.max_length)
    check_template(tokenizer, job.template, data.train)
    own = tokenizer.chat_template
    tokenizer.chat_template = template_text(job.template) or own
    with explain_exhaustion(job.name, job.scratch):
        parts = load(job, data, tokenizer)
        parts.callbacks.append(watcher := watch(job.name))
        trainer = method.trainer(parts)
        trainer.remove_callback(PrinterCallback)  # `watch` reports instead
        _resume(trainer, newest(job.scratch), watcher)
        if parts.dev is not None:
            trainer.evaluate()
        trainer.save_model(str(job.scratch / FINAL))
        if trainer.is_world_process_zero():
            tokenizer.chat_template = own
            tokenizer.save_pretrained(job.scratch / FINAL)
            _write_done(job, data, trainer.state)


def _resume(trainer: Any, checkpoint: str | None, watcher: Any) -> None:
    """Train from a checkpoint, or from the start. Raises ModelError if the checkpoint cannot be read."""
    try:
        trainer.train(resume_from_checkpoint=checkpoint)
    except Exception as error:
        if checkpoint is None or watcher.stepped or isinstance(error, UltramedError):
            raise
        raise ModelError(checkpoint, f"cannot resume from it: {first_line(error)}", "remove that folder; `dvc repro` "
                         "then resumes from the previous one, or starts over") from error


def _write_done(job: Job, data: Data, state: Any) -> None:
    points = curves(state.log_history)
    done = {"method": job.recipe.method, "steps": state.global_step, "epochs": round(state.epoch, 4),
            "rows": data.counts, "rights": data.rights,
            "dev_rows": len(data.dev), "too_long": data.too_long, "curves": points,
            "figures": {name: curve[-1][1] for name, curve in points.items()}}
    tables.write_text(job.scratch / FINAL / DONE, json.dumps(done))


def _beside(job: Job, kind: str) -> Path:
    return job.scratch.with_name(f"{job.scratch.name}.{kind}")


def _wait_for(lock: int, name: str) -> None:
    """Another experiment, or workers of a killed run, may be running the same training."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print(f"  train {name}: waiting for another process that runs this training", file=sys.stderr, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)


def _remove(scratch: Path) -> None:
    """Rename first: a kill in the middle must not leave a folder that looks like one to resume from."""
    gone = scratch.with_name(f".{scratch.name}.gone")
    shutil.rmtree(gone, ignore_errors=True)
    os.rename(scratch, gone)
    shutil.rmtree(gone)


def _check_launch(job: Job) -> None:
    """Raise ParamsError if the `accelerate` configuration cannot be read."""
    if job.training.launch is not None and not Path(job.training.launch).is_file():
        raise ParamsError("params.yaml: training.launch", f"cannot read {job.training.launch}",
                          "name a configuration such as conf/accelerate/zero3.yaml, or null")


def _launch(job: Job, lock: int) -> None:
    """Train here, or in `accelerate` processes. Those inherit the lock: if this process is killed, the next run
    waits for them. Their stderr is passed on up to the first error; the rest goes to a log."""
    if job.training.launch is None:
        return train(job)
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", job.training.launch,
               "-m", "ultramed.training.worker", job.name]
    log, kept = _beside(job, "log"), ""
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, errors="replace", pass_fds=[lock]) as launcher:
        for line in launcher.stderr or ():
            if kept or line.startswith(("ERROR ", "Traceback")):
                kept += line
            else:
                print(line, end="", file=sys.stderr, flush=True)
    if launcher.returncode or not (job.scratch / FINAL / DONE).exists():
        tables.write_text(log, kept)
        errors = [line.removeprefix("ERROR ") for line in kept.splitlines() if line.startswith("ERROR ")]
        cause = errors[0] if errors else f"`accelerate launch` ended with exit code {launcher.returncode}"
        raise ModelError(f"train {job.name}", cause, f"the rest is in {log}; `dvc repro` then resumes")
    return None


def _inherited(job: Job) -> list[str]:
    """Rights of the model it started from, if that was trained here."""
    start = record(job.start)
    return [start["rights"]] if start else []
