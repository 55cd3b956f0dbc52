"""Local model servers: started when a stage needs one, found and reused by the next, gone soon after the last.

A client holds a shared lock on the server's lease file. The kernel drops that lock however the client ends, so a
server always sees when nobody needs it, also after a crash, and stops by itself (`server.IDLE_S` seconds later).
"""

import fcntl
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from ultramed import paths
from ultramed.errors import EnvironmentFault, ModelError
from ultramed.inference.engines.server import EXPORTED
from ultramed.params import LocalModel

START_S = {"llama.cpp": 120.0, "vllm": 1800.0}


@contextmanager
def serving(name: str, model: LocalModel, weights: Path, identity: str, base: Path | None = None) -> Iterator[str]:
    """Base URL of a server of these weights. `base` holds the GGUF file that a trained policy began as: llama.cpp
    reads its tokenizer from there. Raises ModelError when the server does not start."""
    if model.engine not in START_S:
        raise ModelError(f"model '{name}'", f"engine '{model.engine}' answers no questions", "name another model")
    shape = hashlib.sha256(json.dumps([identity, model.engine, model.context, model.concurrency, model.options],
                                      sort_keys=True).encode()).hexdigest()[:16]
    folder = paths.home() / "servers" / f"{name}-{shape}"
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lease", fcntl.LOCK_SH):
        with _locked(folder / "start", fcntl.LOCK_EX):
            address = _running(folder) or _start(name, model, _weights(name, model, weights, base, folder), folder)
        yield address


@contextmanager
def _locked(path: Path, mode: int) -> Iterator[None]:
    with open(path, "a", encoding="utf-8") as file:
        fcntl.flock(file.fileno(), mode)
        yield


def _running(folder: Path) -> str | None:
    """The address of the server that this folder speaks of, when it is healthy."""
    try:
        address = json.loads((folder / "state.json").read_text(encoding="utf-8"))["address"]
    except (FileNotFoundError, ValueError, KeyError):
        return None
    return f"{address}/v1" if healthy(address) else None


def healthy(address: str) -> bool:
    """Whether a server on this machine answers `GET /health`, whatever proxy the environment names."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(f"{address}/health", timeout=5) as response:
            return response.status == 200
    except (OSError, HTTPException):
        return False


def _start(name: str, model: LocalModel, weights: Path, folder: Path) -> str:
    (folder / "state.json").unlink(missing_ok=True)
    log = folder / "server.log"
    command = [sys.executable, "-m", "ultramed.inference.engines.server", "--name", name, "--engine", model.engine,
               "--weights", str(weights.resolve()), "--folder", str(folder),
               "--concurrency", str(model.concurrency), "--context", str(model.context),
               "--options", json.dumps(model.options)]
    with open(log, "w", encoding="utf-8") as out:
        # a session of its own: Ctrl-C at the terminal must reach the stage, not the server it drains
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + START_S[model.engine]
    while time.monotonic() < deadline:
        if address := _running(folder):
            return address
        if process.poll() is not None:
            break
        time.sleep(0.1)
    else:
        process.kill()
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no output"]
    cause = next((line.split(" E ", 1)[1] for line in said if " E " in line), said[-1])  # llama.cpp's first error
    raise ModelError(f"model '{name}' ({model.engine})", f"did not start: {cause[:300]}", f"see {log}")


def _weights(name: str, model: LocalModel, weights: Path, base: Path | None, folder: Path) -> Path:
    """What the engine is given: a folder, or a GGUF file, which is made first of a policy trained here."""
    if model.engine != "llama.cpp":
        return weights
    if base is not None and (weights / "config.json").exists():
        from ultramed.inference.engines.gguf import export

        export(weights, _gguf(name, base), folder / EXPORTED)
        return folder / EXPORTED
    return _gguf(name, weights)


def _gguf(name: str, folder: Path) -> Path:
    found = sorted(folder.glob("*.gguf"))
    if len(found) != 1:
        raise EnvironmentFault(f"model '{name}'", f"{folder} holds {len(found)} GGUF files, expected one",
                               "check models.local and serving.engine in params.yaml")
    return found[0]
