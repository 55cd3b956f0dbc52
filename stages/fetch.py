"""fetch: bring a pinned input here. Usage: python -m stages.fetch raw|model|remote NAME

raw NAME: data/raw/NAME/; model NAME: models/local/NAME/ and models/identity/NAME.json; remote NAME: the latter alone.
"""

from pathlib import Path
from typing import TypeVar

from ultramed import artifacts, params, stage
from ultramed.errors import ParamsError
from ultramed.sources import models
from ultramed.sources.locations import fetch

T = TypeVar("T")


def main(kind: str, name: str) -> None:
    settings = params.load()
    if kind == "raw":
        fetch(name, _named(settings.raw, name, "raw"), artifacts.RAW / name)
    elif kind == "model":
        model = _named(settings.models.local, name, "models.local")
        models.write_identity(name, models.fetch_local(name, model, Path("models/local") / name), artifacts.IDENTITIES)
    elif kind == "remote":
        remote = _named(settings.models.remote, name, "models.remote")
        models.write_identity(name, models.remote_identity(remote), artifacts.IDENTITIES)
    else:
        raise ParamsError("fetch", f"'{kind}' is no kind of input; expected raw, model or remote")


def _named(known: dict[str, T], name: str, section: str) -> T:
    if name not in known:
        raise ParamsError("fetch", f"'{name}' is not in {section}; expected one of {', '.join(known) or 'none'}")
    return known[name]


if __name__ == "__main__":
    stage.run(main)
