"""The process behind a local model: runs an engine, says where it listens, stops when nobody holds its lease.

Started by `servers`; by hand only to debug: `python -m ultramed.inference.engines.server --help`.
"""

import argparse
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from ultramed.tables import write_text

IDLE_S = 15.0
EXPORTED = "model.gguf"  # weights made for this server alone


def main() -> None:
    """Serve until idle, or until asked to stop."""
    options = _arguments()
    signal.signal(signal.SIGTERM, _stop)
    start = {"llama.cpp": _llama, "vllm": _vllm}[options.engine]
    address, engine = start(options)
    # mapped by llama.cpp, it goes with this process, however that ends
    (options.folder / EXPORTED).unlink(missing_ok=True)
    state = options.folder / "state.json"
    write_text(state, json.dumps({"address": address, "pid": os.getpid()}))
    try:
        _wait_until_idle(options.folder / "lease", state, engine)
    finally:
        state.unlink(missing_ok=True)
        if isinstance(engine, subprocess.Popen):
            engine.terminate()
            engine.wait(30)
        os._exit(0)  # the engine's threads would keep the process


def _llama(options: argparse.Namespace) -> tuple[str, object]:
    import xllamacpp

    given = xllamacpp.CommonParams()
    given.model.path = str(options.weights)
    given.model_alias = {options.name}
    given.n_parallel = options.concurrency
    given.n_ctx = options.context * options.concurrency
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = len(os.sched_getaffinity(0))
    given.warmup = False
    given.cache_ram_mib = 256  # of prompts already read, in host memory; the engine's own default is 8 GB
    given.verbosity = 1
    for name, value in options.options.items():
        setattr(given, name, value)
    server = xllamacpp.Server(given)  # a port of 0 takes a free one
    return server.listening_address, server


def _vllm(options: argparse.Namespace) -> tuple[str, object]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pointer = options.weights / "model.json"
    where = json.loads(pointer.read_text(encoding="utf-8")) if pointer.exists() else {"hub_id": str(options.weights)}
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", where["hub_id"],
               "--served-model-name", options.name, "--host", "127.0.0.1", "--port", str(port),
               "--max-model-len", str(options.context), "--max-num-seqs", str(options.concurrency)]
    if "revision" in where:
        command += ["--revision", where["revision"], "--tokenizer-revision", where["revision"]]
    for name, value in options.options.items():
        command += [f"--{name}", *([] if value is True else [str(value)])]
    return f"http://127.0.0.1:{port}", subprocess.Popen(command)


def _wait_until_idle(lease: Path, state: Path, engine: object) -> None:
    """Return when nobody has held the lease for IDLE_S seconds, holding it so that nobody can come in between."""
    free_since: float | None = None
    with open(lease, "a", encoding="utf-8") as file:
        while True:
            time.sleep(0.5)
            if isinstance(engine, subprocess.Popen) and engine.poll() is not None:
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
    parser.add_argument("--engine", choices=["llama.cpp", "vllm"], required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--options", type=json.loads, default={})
    return parser.parse_args()


if __name__ == "__main__":
    main()
