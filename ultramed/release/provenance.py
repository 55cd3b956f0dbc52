"""A release's inputs as hashes: the same inputs give the same file, on any machine."""

import hashlib
import json
from pathlib import Path
from typing import Any

import ultramed
from ultramed.artifacts import CANDIDATES, COMPLETED, CURATED, JUDGED, PAIRED, SCORED, SPLIT
from ultramed.params import Params

# sections that decide which rows exist and what they contain; `dvc.yaml` tracks the same names for the stage, and from
# `release` the name, the overrides and this profile
SECTIONS = (
    "scale", "seed", "raw", "models", "sources", "benchmarks", "screen", "dedup", "decontaminate", "textbook",
    "wikipedia", "evolve", "score", "curate", "split", "complete", "candidates", "judge", "pair",
)
READ = (SCORED, CURATED, SPLIT, COMPLETED, CANDIDATES, JUDGED, PAIRED)
PLACES = ("location", "base_url", "api_key_env", "concurrency")  # where things are stored or run: not part of the data


def lineage(params: Params, profile: str, rows: dict[str, dict[str, int]]) -> dict[str, Any]:
    """The content of `lineage.json`: pipeline version, params and inputs by hash, rows by config and split.

    It lacks the Git commit, which a stage does not know; publishing writes that into the Hub's commit.
    """
    return {
        "name": params.release.name,
        "profile": profile,
        "pipeline": f"ultramed {ultramed.__version__}",
        "scale": params.scale,
        "params_sha256": params_hash(params, profile),
        "raw": {name: pin.sha256 or pin.revision for name, pin in sorted(params.raw.items())},
        "benchmarks": {name: pin.sha256 or pin.revision for name, pin in sorted(params.benchmarks.items())},
        "inputs": {str(folder): table_hashes(folder) for folder in _inputs(params)},
        "rows": rows,
    }


def params_hash(params: Params, profile: str) -> str:
    """SHA-256 of the values of SECTIONS and of this release, without PLACES, as JSON with sorted keys."""
    values = params.model_dump(mode="json", include={*SECTIONS, "release"})
    values["release"]["profiles"] = values["release"]["profiles"][profile]
    text = json.dumps(_without_places(values), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_places(v) for name, v in value.items() if name not in PLACES}
    return value


def table_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of each shard of an artifact, by file name."""
    return {path.name: file_hash(path) for path in sorted(folder.glob("*.parquet"))}


def file_hash(path: Path) -> str:
    """SHA-256 of a file, read in chunks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _inputs(params: Params) -> list[Path]:
    return [folder for artifact in READ for folder in artifact.folders(params).values()]
