"""Locations of files that are not DVC outputs."""

import os
from pathlib import Path


def root() -> Path:
    """The main repository: `$DVC_ROOT` inside a stage (also in a `--temp` or queued run), else the nearest
    folder upwards with a `dvc.yaml`, else the current one."""
    if given := os.environ.get("DVC_ROOT"):
        return Path(given)
    current = Path.cwd()
    return next((p for p in (current, *current.parents) if (p / "dvc.yaml").exists()), current)


def home() -> Path:
    """`.ultramed` of the main repository: ledger, server state, logs, reports of failed gates."""
    path = root() / ".ultramed"
    path.mkdir(exist_ok=True)
    return path


def ledger() -> Path:
    """The ledger's folder: `$ULTRAMED_LEDGER`, else `.ultramed/ledger` of the main repository."""
    return Path(os.environ.get("ULTRAMED_LEDGER") or root() / ".ultramed/ledger")
