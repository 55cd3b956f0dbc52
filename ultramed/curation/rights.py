"""Rights of rows: an order of classes, their intersection, and what must stay on this machine.

The rights of a row are the most restrictive ones of its source, its underlying text and every model it was asked of.
Engineering input, not legal advice.
"""

import json
from pathlib import Path
from typing import get_args

from ultramed import artifacts
from ultramed.params import Params, RemoteModel, Rights
from ultramed.records import Instruction

ORDER: tuple[str, ...] = get_args(Rights)  # from publishable to nothing allowed
LOCAL_ONLY = frozenset({"quarantine", "deny"})


def most_restrictive(*classes: str) -> str:
    """The class that allows least; deny for none given, and for any class that is not known."""
    if not classes or any(c not in ORDER for c in classes):
        return "deny"
    return max(classes, key=ORDER.index)


def of_call(row_rights: str, *model_rights: str) -> str:
    """Rights of what models made of a row."""
    return most_restrictive(row_rights, *model_rights)


def may_leave(rights: str) -> bool:
    """Whether text of this class may be sent to a model that does not run here."""
    return most_restrictive(rights) not in LOCAL_ONLY


def remote_models_configured(params: Params) -> bool:
    """Whether any stage's model is a remote one. An address on this machine counts too: what stands behind it is
    not known."""
    names = {params.textbook.model, params.wikipedia.model, params.evolve.model, params.score.model}
    names |= {params.complete.model, params.judge.model, *(m.model for m in params.candidates.pool.values())}
    return any(isinstance(params.model(name), RemoteModel) for name in names)


def of_models(params: Params) -> dict[Path, str]:
    """The files that say of models what rows depend on, with their text: another port, price or limit changes neither
    and so remakes no rows."""
    models = sorted((params.models.local | params.models.remote).items())
    allowed = {name: model.rights for name, model in models}
    said = {artifacts.RIGHTS: allowed, artifacts.REMOTE: {"asked": remote_models_configured(params)}}
    return {path: json.dumps(content, indent=1) + "\n" for path, content in said.items()}


def screen_rights(instruction: Instruction, remote: bool) -> tuple[str, str] | None:
    """Code and reason why a row may not go on; None for one that may. `remote`: some configured model is remote."""
    rights = most_restrictive(instruction.rights)
    if rights == "deny":
        return "rights_denied", f"rights are '{instruction.rights}'; nothing may be done with the row"
    if remote and not may_leave(rights):
        return "rights_local_only", f"rights are '{rights}', for local models only; a remote model is configured"
    return None
