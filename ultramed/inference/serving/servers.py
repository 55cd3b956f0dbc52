"""Local model servers: started when a stage needs one, reused by the next, stopped soon after the last.

A client holds a shared lock on the server's lease file. The kernel drops that lock however the client ends, so a
server always notices when nobody needs it, even after a crash, and stops by itself (`server.IDLE_S` seconds later).
"""

import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from ultramed import engines, paths
from ultramed.engines import ServingEngine
from ultramed.errors import ModelError
from ultramed.params import LocalModel


@contextmanager
def serving(name: str, model: LocalModel, weights: Path, identity: str, base: Path | None = None) -> Iterator[str]:
    """Base URL of a server for these weights. `base`: folder of the model that policies trained here start from.

    Raises ModelError when the server does not start.
    """
    engine = engines.get(model.engine)
    if not isinstance(engine, ServingEngine):
        raise ModelError(f"model '{name}'", f"engine '{engine.name}' cannot serve requests", "name another model")
    shape = hashlib.sha256(json.dumps([identity, model.engine, model.context, model.concurrency, model.options],
                                      sort_keys=True).encode()).hexdigest()[:16]
    folder = paths.home() / "servers" / f"{name}-{shape}"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lease", fcntl.LOCK_SH):
        with _locked(folder / "start", fcntl.LOCK_EX):
            address = _running(folder, engine)
            if address is None:
                address = _start(name, model, engine, engine.prepare(weights, base, folder), folder)
        yield address


@contextmanager
def _locked(path: Path, mode: int) -> Iterator[None]:
    with open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file.fileno(), mode)
        yield


def _running(folder: Path, engine: ServingEngine) -> str | None:
    """The address of this folder's server; None unless it is healthy."""
    try:
        address = json.loads((folder / "state.json").read_text(encoding="utf-8"))["address"]
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return f"{address}/v1" if healthy(f"{address}{engine.health}") else None


def healthy(url: str) -> bool:
    """Whether a server on this machine answers 200 here; a proxy in the environment is ignored."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5) as response:
            return response.status == 200
    except (OSError, HTTPException):
        return False


def _start(name: str, model: LocalModel, engine: ServingEngine, weights: Path, folder: Path) -> str:
    (folder / "state.json").unlink(missing_ok=True)
    log = folder / "server.log"
    command = [sys.executable, "-m", "ultramed.inference.serving.server", "--name", name, "--engine", engine.name,
               "--weights", str(weights.resolve()), "--folder", str(folder),
               "--concurrency", str(model.concurrency), "--context", str(model.context),
               "--options", json.dumps(model.options)]
    with open(log, "w", encoding="utf-8") as out:
        # its own session: Ctrl-C must reach the stage, not the server that still has to finish its requests
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
    deadline, problem = time.monotonic() + engine.start_s, "did not start"
    while process.poll() is None:
        if address := _running(folder, engine):
            return address
        if time.monotonic() > deadline:
            os.killpg(process.pid, signal.SIGKILL)  # and the engine, if it is its own process
            problem = f"is not ready after {engine.start_s:g} s"
            break
        time.sleep(0.1)
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no output"]
    raise ModelError(f"model '{name}' ({engine.name})", f"{problem}: {engine.cause(lines)[:300]}", f"see {log}")
