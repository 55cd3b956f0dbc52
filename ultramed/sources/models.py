"""Models as inputs: local weights are fetched like raw data; every model gets the identity that keys the ledger."""

import json
from pathlib import Path

from ultramed import engines, tables
from ultramed.artifacts import RECORD
from ultramed.params import LocalModel, RemoteModel
from ultramed.sources import hub
from ultramed.sources.hashing import file_hash, files_hash, listed
from ultramed.sources.locations import fetch


def fetch_local(name: str, model: LocalModel, out: Path) -> str:
    """Fetch a local model's files into `out` and return its identity, "local:<sha256 over the content>".

    Some engines fetch weights from the Hub themselves: then `out` holds only model.json, with repository and
    revision, and the identity is "hub:<repository>@<revision>".
    """
    if engines.get(model.engine).fetches_from_hub and model.location.startswith(hub.SCHEME):
        return _refer(name, model, out)
    fetch(name, model, out)
    return f"local:{weights_hash(out)}"


def weights_hash(folder: Path) -> str:
    """Hash of a model's weights, tokenizer and template; if the folder holds a single file, of that file whatever its
    name. The training record is left out: it does not affect the answers."""
    names = [name for name in listed(folder) if name != RECORD]
    return file_hash(folder / names[0]) if len(names) == 1 else files_hash(folder, names)


def remote_identity(model: RemoteModel) -> str:
    """The model as configured: provider, model and revision, without the address."""
    return f"remote:{model.provider}/{model.model}@{model.revision}"


def write_identity(name: str, identity: str, folder: Path) -> None:
    """Write `<folder>/<name>.json`."""
    text = json.dumps({"identity": identity, "name": name}, sort_keys=True)
    tables.write_text(folder / f"{name}.json", text + "\n")


def _refer(name: str, model: LocalModel, out: Path) -> str:
    hub.refuse_unpinned(name, model.location, model.revision)
    place = hub.parse(f"{name}: {model.location}", model.location)
    with tables.artifact(out) as staging:
        text = json.dumps({"hub_id": place.repo_id, "revision": model.revision}, sort_keys=True)
        tables.write_text(staging / "model.json", text + "\n")
    return f"hub:{place.repo_id}@{model.revision}"
