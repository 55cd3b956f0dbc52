"""Where things lie that are no DVC output."""

import os
from pathlib import Path


def root() -> Path:
    """The main repository: `$DVC_ROOT` inside a stage (also of a `--temp` or queued run), else the nearest
    folder upwards that holds `dvc.yaml`, else the current one."""
    if given := os.environ.get("DVC_ROOT"):
        return Path(given)
    here = Path.cwd()
    return next((p for p in (here, *here.parents) if (p / "dvc.yaml").exists()), here)


def home() -> Path:
    """`.ultramed` of the main repository: ledger, server state, logs, failed gates' reports."""
    path = root() / ".ultramed"
    path.mkdir(exist_ok=True)
    return path


def ledger() -> Path:
    """The folder of the ledger: `$ULTRAMED_LEDGER`, else `.ultramed/ledger` of the main repository."""
    return Path(os.environ.get("ULTRAMED_LEDGER") or root() / ".ultramed/ledger")
