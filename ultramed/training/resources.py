"""Running out of disk space or memory, before and during training."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from traceback import walk_tb

from ultramed.errors import EnvironmentFault
from ultramed.training.job import Job

WRITERS = {(("torch", "serialization.py"), "save"), (("safetensors", "torch.py"), "save_file")}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def explain_exhaustion(name: str, place: Path) -> Iterator[None]:
    """Turn the libraries' errors into EnvironmentFault if the disk under `place`, or memory, is full.
    Failed writes vary in wording and rarely have an error number, so the raising function identifies them."""
    import torch
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        at = {(Path(f.f_code.co_filename).parts[-2:], f.f_code.co_name) for f, _ in walk_tb(error.__traceback__)}
        if at & WRITERS or (isinstance(error, OSError) and error.errno in FULL):
            raise EnvironmentFault(str(place), f"cannot be written: {first_line(error)}",
                                   "check space there; `dvc repro` then resumes from the last checkpoint") from error
        if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
            raise EnvironmentFault(f"train {name}", f"memory is full: {first_line(error)}",
                                   "lower its batch and raise accumulate, or lower max_length") from error
        raise


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its type's name."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def check_disk_space(job: Job) -> None:
    """Raise EnvironmentFault if weights and checkpoints will not fit: better now than after hours."""
    full = job.training.lora is None  # bf16 on disk; fp32 weights and two moments in each of two checkpoints, and final
    needed = _size(job.start) * (2 + (14 if full else 1)) - _size(job.scratch)
    place = job.scratch.parent
    place.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(place).free
    if free < needed:
        shortage = f"has {free / 1e9:.1f} GB free; training {job.name} needs about {needed / 1e9:.1f} GB"
        others = _size(place) - _size(job.scratch)
        unfinished = f" (trainings started with other params use {others / 1e9:.1f} GB there)" if others else ""
        raise EnvironmentFault(str(place), shortage, f"free some{unfinished}, then run `dvc repro` again")


def _size(folder: Path) -> int:
    """Bytes of all files under a folder; another process may be deleting some."""
    size = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            size += path.stat().st_size if path.is_file() else 0
    return size
