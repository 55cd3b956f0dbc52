"""`ultramed doctor`: is this machine ready for what params.yaml asks?"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ultramed import params, paths
from ultramed.cli.endpoints import endpoints
from ultramed.cli.probe import probe
from ultramed.errors import UltramedError
from ultramed.ledger import prices
from ultramed.ledger.ledger import Ledger

NEED_DISK_GB, NEED_MEMORY_GB = 8.0, 7.0

Finding = tuple[bool, str, str]  # passed?, what was checked, the result


def doctor(
    model: Annotated[str, typer.Option("--probe", help="Ask this remote model two cheap questions instead, to see "
                                                       "which settings fit.")] = "",
) -> None:
    """Check interpreter, disk, memory, ports, pins, keys, endpoints, prices and ledger. Exit code 1 if any fails."""
    findings = [*probe(model, params.load())] if model else [*_machine(), *_project()]
    for fine, what, result in findings:
        print(f"{'ok  ' if fine else 'FAIL'}  {what:<12}{result}")
    if not all(fine for fine, _, _ in findings):
        raise typer.Exit(1)


def _machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    inside = sys.prefix != sys.base_prefix
    yield (sys.version_info[:2] == (3, 11) and inside, "interpreter",
           f"{version} at {sys.prefix}" + ("" if inside else ", outside .venv: run `source .venv/bin/activate`"))
    free = shutil.disk_usage(".").free / 1e9
    yield free >= NEED_DISK_GB, "disk", f"{free:.1f} GB free, {NEED_DISK_GB:g} needed at laptop scale"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield memory >= NEED_MEMORY_GB, "memory", f"{memory:.1f} GB, {NEED_MEMORY_GB:g} needed at laptop scale"
    yield _port()
    for tool in ("git", "dvc"):
        where = shutil.which(tool)
        yield where is not None, tool, where or "not on PATH: run `source .venv/bin/activate`"


def _port() -> Finding:
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
    except OSError as error:
        return False, "ports", f"no loopback port can be opened: {error}"
    return True, "ports", "loopback ports can be opened"


def _project() -> Iterator[Finding]:
    try:
        settings = params.load()
    except UltramedError as error:
        yield False, "params", str(error)
        return
    yield True, "params", f"scale {settings.scale}, all names known"
    pins = {".".join(entry): pin for entry, pin in settings.pins.items()}
    missing = [n for n, p in pins.items() if not (p.sha256 or p.revision)]
    yield not missing, "pins", f"missing: {', '.join(missing)}; run `ultramed pin`" if missing else f"{len(pins)} pins"
    absent = [p.location for p in pins.values() if ":" not in p.location and not Path(p.location).exists()]
    yield not absent, "inputs", f"not found: {', '.join(absent)}" if absent else "all local paths exist"
    for name, model in settings.models.remote.items():
        env = model.api_key_env
        yield not env or bool(os.environ.get(env)), "key", f"{name}: {env or 'none needed'}" + (
            "" if not env or os.environ.get(env) else " is not set")
        for fine, said in endpoints(name, model):
            yield fine, "endpoint", f"{name}: {said}"
        price = prices.price_of(model)
        yield price is not None, "price", f"{name}: " + (
            f"USD {price.prompt:g} and {price.completion:g} per million tokens, {prices.source(model)}" if price
            else "unknown; set price under it in params.yaml")
    yield _ledger()
    yield _lock_of_dvc()
    if shutil.which("git"):
        yield _repository()


def _lock_of_dvc() -> Finding:
    """DVC rewrites this file in place, so a kill can leave it cut; every later `dvc repro` then fails."""
    path = paths.root() / ".dvc/tmp/rwlock"
    try:
        holders = json.loads(path.read_text(encoding="utf-8"))
        whole = isinstance(holders, dict) and all(isinstance(holders.get(mode, {}), dict) for mode in ("read", "write"))
    except FileNotFoundError:
        whole = True
    except (ValueError, OSError):
        whole = False
    return whole, "lock", "no damaged lock of DVC" if whole else (
        f"{path} is damaged, left by a `dvc` that was killed: when no `dvc` is running, `rm {path}`")


def _repository() -> Finding:
    state = subprocess.run(["git", "status", "--porcelain"], capture_output=True, text=True, check=False)
    if state.returncode:
        return False, "repository", " ".join(state.stderr.split())
    return True, "repository", "has uncommitted changes (fine to run)" if state.stdout else "clean"


def _ledger() -> Finding:
    folder = paths.ledger()
    nearest = next(p for p in (folder, *folder.parents) if p.exists())
    if not os.access(nearest, os.W_OK):
        return False, "ledger", f"{folder}: {nearest} is not writable"
    if not (folder / "ledger.sqlite").exists():  # creates none
        return True, "ledger", f"{folder}"
    try:
        with closing(Ledger(folder)) as ledger:
            ((replies,),) = ledger.read("SELECT count(*) FROM replies")
            where = f", on {ledger.remote}: slower, and for one machine at a time" if ledger.remote else ""
    except UltramedError as error:
        return False, "ledger", str(error)
    return True, "ledger", f"{folder}, {replies:,} replies{where}"
