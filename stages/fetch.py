"""fetch: copy pinned inputs here. Usage: python -m stages.fetch benchmarks|general, raw|model|remote NAME

raw NAME: data/raw/NAME/; benchmarks, general: data/raw/benchmarks/, data/raw/general/, a folder for each entry;
model NAME: models/local/NAME/ and models/identity/NAME.json; remote NAME: only the latter.
"""

from pathlib import Path
from typing import TypeVar

from ultramed import artifacts, params, stage
from ultramed.errors import ParamsError
from ultramed.sources import models
from ultramed.sources.locations import fetch, fetch_all

T = TypeVar("T")


def main(kind: str, name: str = "") -> None:
    settings = params.load()
    if kind == "benchmarks":
        fetch_all(settings.benchmarks, artifacts.BENCHMARKS)
    elif kind == "general":
        fetch_all(settings.general, artifacts.GENERAL_SETS)
    elif kind == "raw":
        fetch(name, _named(settings.raw, name, "raw"), artifacts.RAW / name)
    elif kind == "model":
        model = _named(settings.models.local, name, "models.local")
        identity = models.fetch_local(name, model, Path("models/local") / name)
        models.write_identity(name, identity, artifacts.IDENTITIES)
    elif kind == "remote":
        remote = _named(settings.models.remote, name, "models.remote")
        models.write_identity(name, models.remote_identity(remote), artifacts.IDENTITIES)
    else:
        raise ParamsError("fetch", f"unknown input kind '{kind}'; expected benchmarks, general, raw, model or remote")


def _named(known: dict[str, T], name: str, section: str) -> T:
    if name not in known:
        raise ParamsError("fetch", f"'{name}' is not in {section}; expected one of {', '.join(known) or 'none'}")
    return known[name]


if __name__ == "__main__":
    stage.run(main)
