"""`ultramed accept`: make the current figures the baseline that drift is measured against."""

import json
from pathlib import Path

from ultramed import params, tables
from ultramed.errors import GateError


def accept() -> None:
    """Make the figures of all gates the baseline of this scale (writes conf/baselines/<scale>.json)."""
    path = write_baseline(params.load().scale)
    print(f"{path} holds the figures of all gates; commit it")


def write_baseline(scale: str, base: Path = Path(".")) -> Path:
    """Write the baseline from `quality/*.json` under `base`. Raises GateError if no gate has passed."""
    gates = [json.loads(p.read_text(encoding="utf-8")) for p in sorted((base / "quality").glob("*.json"))]
    if not gates:
        raise GateError("quality/", "has no figures from a passed gate", "run `dvc repro` first")
    path = base / "conf" / "baselines" / f"{scale}.json"
    figures = {g["artifact"]: g["figures"] for g in gates}
    tables.write_text(path, json.dumps(figures, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    return path
