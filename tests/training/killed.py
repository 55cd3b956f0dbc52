"""A separate process that trains and is killed (-9) at a given moment. Usage: python killed.py ROOT NAME…

Each NAME, `<moment>-<method>`, runs in its own folder under ROOT. Libraries are imported once: each run is a
fork. Prints `NAME SIGNAL` for each.
"""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training_rows import job, training

from ultramed import methods
from ultramed.training import run
from ultramed.training.job import Job

STEPS, SAVE_EVERY = 8, 2  # an epoch has 4
LORA = {"rank": 4, "alpha": 8}


def planned(here: Path, method: str) -> Job:
    """The job in the folder `here`: all weights for reward and dpo, LoRA for the others."""
    lora = None if method in ("reward", "dpo") else LORA
    data = here.parent / methods.get(method).data
    return job(method, here.parent / "base", data, steps=STEPS, training=training(lora=lora, save_every=SAVE_EVERY))


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def nth(count: int, then: Callable[..., Any], otherwise: Callable[..., Any]) -> Callable[..., Any]:
    """A function that calls `otherwise` until its `count`th call."""
    calls = iter(range(1, count))
    return lambda *args, **more: (otherwise if next(calls, None) else then)(*args, **more)


def in_the_fifth_step(kind: type) -> None:
    kind.training_step = nth(5, die, kind.training_step)


def weights_written(kind: type) -> None:
    """Half a checkpoint: the second one has weights, but no optimizer."""
    kind._save_optimizer_and_scheduler = nth(2, die, kind._save_optimizer_and_scheduler)


def state_half_written(_: type) -> None:
    from transformers import TrainerState

    def half(state: Any, path: str) -> None:
        whole(state, path)
        Path(path).write_text(Path(path).read_text()[:100])
        die()

    whole = TrainerState.save_to_json
    TrainerState.save_to_json = nth(2, half, whole)


def old_one_half_removed(_: type) -> None:
    """The third checkpoint is whole, the first is being removed."""
    from transformers import trainer

    def half(output_dir: str, **_: Any) -> None:
        (Path(output_dir) / "checkpoint-2/optimizer.pt").unlink()
        die()

    trainer.rotate_checkpoints = nth(3, half, trainer.rotate_checkpoints)


def final_not_done(_: type) -> None:
    run._write_done = die


def checkpoint_half_written(_: type) -> None:
    from transformers import PreTrainedModel

    def half(model: Any, folder: Path, **_: Any) -> None:
        assert folder.parent.name == "transformers"
        (folder / "model.safetensors").write_bytes(b"half")
        die()

    write = run.export

    def last(*args: Any) -> None:
        PreTrainedModel.save_pretrained = half
        write(*args)

    run.export = last


def scratch_half_removed(_: type) -> None:
    def half(folder: Path, **more: Any) -> None:
        if Path(folder).parent.name == "checkpoints" and Path(folder).exists():
            for file in [*Path(folder).glob("*/*.safetensors")]:
                file.unlink()
            die()
        whole(folder, **more)

    whole = shutil.rmtree
    shutil.rmtree = half  # type: ignore[assignment]


MOMENTS: dict[str, tuple[Callable[[type], None], int]] = {  # and how many steps are left
    "in_the_fifth_step": (in_the_fifth_step, 4), "weights_written": (weights_written, 6),
    "state_half_written": (state_half_written, 6), "old_one_half_removed": (old_one_half_removed, 2),
    "final_not_done": (final_not_done, 2), "checkpoint_half_written": (checkpoint_half_written, 0),
    "scratch_half_removed": (scratch_half_removed, 8),
}


def main(root: Path, names: list[str]) -> None:
    from transformers import Trainer

    for name in names:
        if not (child := os.fork()):
            moment, method = name.split("-")
            os.environ["DVC_ROOT"] = str(root / name)
            os.chdir(root / name)
            MOMENTS[moment][0](Trainer)
            run.train_and_export(planned(root / name, method), "open", False)
            os._exit(0)
        print(name, os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
