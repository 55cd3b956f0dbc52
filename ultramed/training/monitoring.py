"""Monitoring of a training: progress while it runs, and curves afterwards."""

import math
import shutil
import sys
from pathlib import Path
from typing import Any

from ultramed.errors import ModelError
from ultramed.progress import Progress

CURVES = {  # log entry → name of its curve
    "loss": "loss", "learning_rate": "learning_rate", "grad_norm": "gradient_norm",
    "mean_token_accuracy": "token_accuracy", "accuracy": "pair_accuracy", "margin": "margin",
    "rewards/accuracies": "pair_accuracy", "rewards/margins": "margin", "rewards/chosen": "reward_chosen",
    "rewards/rejected": "reward_rejected",
}


def watch(name: str) -> Any:
    """A Trainer callback: shows progress, and stops a run whose loss is not finite."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        stepped = False  # whether this process has begun a step, from the start or from a checkpoint

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step and state.is_world_process_zero:
                print(f"  train {name}: resuming from step {state.global_step}", file=sys.stderr, flush=True)
            self.progress = Progress(f"train {name}, steps", state.max_steps, state.global_step)

        def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.stepped = True

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            self.progress.step()
            if state.global_step >= state.max_steps:  # resuming a finished run, Transformers does one step too many
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
    """Points (step, value) by curve, from a Trainer's log, without anything that depends on time."""
    points: dict[str, list[tuple[int, float]]] = {}
    for entry in history:
        for key, value in entry.items():
            split = "dev" if key.startswith("eval_") else "train"
            if name := CURVES.get(key.removeprefix("eval_")):
                points.setdefault(f"{split}/{name}", []).append((entry["step"], float(value)))
    return points


def write_curves(points: dict[str, list[list[float]]], folder: Path) -> None:
    """DVCLive's TSVs, one per curve (step and value), without its other files."""
    from dvclive import Live

    class Detached(Live):
        def _init_dvc(self) -> None:
            """Ignores the repository: it would fail in one without a commit, and send curves to DVC Studio."""
            self._dvc_file = self._init_dvc_file()

        def _init_studio(self) -> None:
            self._studio_events_to_skip = {"start", "data", "done"}

    written = folder / "live"
    with Detached(str(written), save_dvc_exp=False, dvcyaml=None) as live:
        for step in sorted({int(step) for curve in points.values() for step, _ in curve}):
            live.step = step
            for name, curve in sorted(points.items()):
                for at, value in curve:
                    if at == step:
                        live.log_metric(name, value, timestamp=False)
    for part in sorted((written / "plots" / "metrics").iterdir()):
        part.rename(folder / part.name)
    shutil.rmtree(written)
