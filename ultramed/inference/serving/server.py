"""The process behind a local model: runs an engine, records where it listens, stops when nobody holds its lease.

Started by `servers`; by hand only to debug: `python -m ultramed.inference.serving.server --help`.
"""

import argparse
import fcntl
import json
import os
import signal
import time
from pathlib import Path
from types import FrameType

from ultramed import engines
from ultramed.engines import Launch, Served
from ultramed.tables import write_text

IDLE_S = 15.0


def main() -> None:
    """Serve until idle, or until asked to stop."""
    options = _arguments()
    signal.signal(signal.SIGTERM, _stop)
    served = engines.serving(options.engine).start(Launch(
        model=options.name, weights=options.weights, scratch=options.folder, context=options.context,
        concurrency=options.concurrency, options=options.options))
    state = options.folder / "state.json"
    write_text(state, json.dumps({"address": served.address, "pid": os.getpid()}))
    try:
        _wait_until_idle(options.folder / "lease", state, served)
    finally:
        state.unlink(missing_ok=True)
        if served.process:
            served.process.terminate()
            served.process.wait(30)
        os._exit(0)  # the engine's threads would keep the process alive


def _wait_until_idle(lease: Path, state: Path, served: Served) -> None:
    """Return once nobody has held the lease for IDLE_S seconds, still holding it so that no client can slip in."""
    free_since: float | None = None
    with open(lease, "a", encoding="utf-8") as file:
        while True:
            time.sleep(0.5)
            if served.process and served.process.poll() is not None:
                return
            try:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                free_since = None
                continue
            free_since = free_since or time.monotonic()
            if time.monotonic() - free_since > IDLE_S:
                state.unlink(missing_ok=True)
                return
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def _stop(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--options", type=json.loads, default={})
    return parser.parse_args()


if __name__ == "__main__":
    main()
