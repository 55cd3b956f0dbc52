"""Who has reserved money or claimed requests: a process, known by its start as well as its number, or a batch."""

import os
from pathlib import Path


def this_process() -> str:
    """This process as an owner."""
    return f"process:{os.getpid()}:{_started(os.getpid())}"


def is_alive(owner: str) -> bool:
    """Whether this owner's requests may still be under way: its process runs, or it is a batch."""
    kind, name, *rest = owner.split(":")
    return kind != "process" or _started(int(name)) == rest[0]


def _started(pid: int) -> str:
    """When a process started, in ticks since boot, with the boot's id; "" if it does not run. Pids are reused."""
    try:
        state, *numbers = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        if state in "ZX":  # killed, but its parent has not noticed
            return ""
        return numbers[18] + Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
