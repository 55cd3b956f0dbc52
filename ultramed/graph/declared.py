"""dvc.yaml: the dependencies and outputs of each stage, as DVC itself resolves them."""

from dataclasses import dataclass

from ultramed.errors import ParamsError


@dataclass(frozen=True)
class Declared:
    """Paths of a stage's dependencies and outputs, relative to the root of the repository."""

    deps: list[str]
    outs: list[str]


def declared() -> dict[str, Declared]:
    """The stages of the repository in this folder, by name (`judge`, `evolve@medqa`); empty outside a DVC repository.
    Raises ParamsError if DVC cannot read dvc.yaml or dvc.lock."""
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            return {stage.addressing: Declared(*([one.def_path for one in ends] for ends in (stage.deps, stage.outs)))
                    for stage in repo.index.stages}
    except NotDvcRepoError:
        return {}
    except DvcException as error:
        raise ParamsError("dvc.yaml", f"DVC cannot read it: {' '.join(str(error).split())[:200]}") from None
