"""What every stage needs around its library call: a lock, exit when `dvc` exits, one-line errors."""

import errno
import fcntl
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ultramed import damage
from ultramed.codekeys.keys import refuse_changed
from ultramed.errors import EnvironmentFault, UltramedError

LOCK_WAIT_S = 30.0
POLL_S = 0.5  # how often a process is looked for that cannot be waited for
_STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)


def run(main: Callable[..., None]) -> None:
    """Run a stage's `main` with the command-line arguments. On failure, exit instead of returning.

    A user's mistake prints one line on stderr and exits with code 1; an interrupt exits with 130.
    """
    name = Path(sys.argv[0]).stem
    try:
        _die_with_dvc()
        with _worktree_lock(name):
            main(*sys.argv[1:])
            refuse_changed(_module())
    except UltramedError as error:
        fail(str(error))
    except KeyboardInterrupt:
        fail(f"stage {name}: interrupted; replies and checkpoints so far are kept, `dvc repro` resumes", 130)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _STORAGE:
            where = error.filename or f"stage {name}"
            fail(f"{where}: {error.strerror}; check space and permissions there, then run `dvc repro` again")
        if told := damage.explained(error):
            fail(str(told))
        raise


def _module() -> str:
    """The dotted name of the running script: `stages.data.screen`."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec else ""


def fail(line: str, code: int = 1) -> None:
    """Print one error line and exit."""
    print(f"ERROR {line}", file=sys.stderr, flush=True)
    raise SystemExit(code)


def _die_with_dvc() -> None:
    """Exit when `dvc` is killed: an orphan would keep writing while a second `dvc repro` runs."""
    if not os.environ.get("DVC_STAGE"):
        return
    try:
        dvc = _dvc()
        wait = _waiter(dvc)
    except OSError:
        fail("stage: the `dvc` process that started it has ended")

    def watch() -> None:
        wait()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _waiter(pid: int) -> Callable[[], None]:
    """What returns once that process has ended. Raises OSError where there is none.

    Some builds of Python, conda's and uv's among them, lack os.pidfd_open, and some kernels the call behind it: there
    the process is looked for, by its number and its start, since numbers are used again.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError) as error:
        if isinstance(error, OSError) and error.errno == errno.ESRCH:
            raise
    else:
        return lambda: select.select([descriptor], [], []) and None  # readable once that process has ended
    started = _started(pid)

    def poll() -> None:
        while _runs(pid, started):
            time.sleep(POLL_S)

    return poll


def _runs(pid: int, started: str) -> bool:
    try:
        return _started(pid) == started
    except OSError:
        return False


def _started(pid: int) -> str:
    """State and start of a process, in ticks since boot. Raises OSError where there is none, or a zombie."""
    state, *fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    if state in "ZX":
        raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
    return fields[18]


def _dvc() -> int:
    """Pid of the nearest ancestor that `dvc` did not start: some shells stay between `dvc` and the stage."""
    pid = os.getppid()
    while b"DVC_STAGE=" in Path(f"/proc/{pid}/environ").read_bytes():
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        pid = int(status.split("PPid:")[1].split()[0])
    return pid


@contextmanager
def _worktree_lock(name: str) -> Iterator[None]:
    """Allow one stage at a time in a worktree; a `--temp` or queued run has its own worktree."""
    folder = Path(".dvc/tmp") if Path(".dvc").is_dir() else Path(".")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "ultramed-stage.lock", "a+", encoding="utf-8") as file:
        _acquire(file.fileno(), Path(file.name))
        file.truncate(0)
        file.write(f"{name}, pid {os.getpid()}")
        file.flush()
        yield


def _acquire(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                holder = path.read_text(encoding="utf-8") or "unknown"
                raise EnvironmentFault(
                    str(path), f"another stage is still running in this worktree ({holder})",
                    "wait for it or stop that process, then run `dvc repro` again",
                ) from None
            time.sleep(0.2)
