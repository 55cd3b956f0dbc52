"""Params with some values replaced, and a dvc.lock."""

import json
from pathlib import Path
from typing import Any

from ultramed.params import Params


def changed(settings: Params, **sections: dict[str, Any]) -> Params:
    """Params with some values of some sections replaced."""
    return settings.model_copy(update={
        name: getattr(settings, name).model_copy(update=values) for name, values in sections.items()})


def lock(stages: dict[str, Any]) -> None:
    """Write a dvc.lock that says these stages have run."""
    Path("dvc.lock").write_text(json.dumps({"stages": stages}))
