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
    """The ledger's folder: `$ULTRAMED_LEDGER`, else `.ultramed/ledger` of the main repository, for all its worktrees
    (`git worktree add`)."""
    return Path(os.environ.get("ULTRAMED_LEDGER") or _main() / ".ultramed/ledger")


def worktrees() -> list[Path]:
    """This folder's place in every worktree of the repository that exists, the main one first."""
    main = _main()
    found = _git()
    if found is None:
        return [main]
    top, common = found
    linked = [Path(file.read_text(encoding="utf-8").strip()).parent for file in common.glob("worktrees/*/gitdir")]
    places = [main, *sorted(tree / root().resolve().relative_to(top) for tree in linked)]
    return [place for place in dict.fromkeys(places) if place.is_dir()]


def _main() -> Path:
    """`root()` in the main worktree; of a bare repository, in its Git folder."""
    found = _git()
    if found is None or (found[0] / ".git").is_dir():
        return root()
    top, common = found
    main = common.parent if common.name == ".git" else common
    return main / root().resolve().relative_to(top)


def _git() -> tuple[Path, Path] | None:
    """The top of this worktree, and the Git folder that all worktrees share. None outside of Git, and in a submodule,
    which shares nothing. Read from files: Git is not needed to run stages."""
    here = root().resolve()
    top = next((p for p in (here, *here.parents) if (p / ".git").exists()), None)
    if top is None:
        return None
    folder = top / ".git"
    if folder.is_file():
        folder = top / folder.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        if not (folder / "commondir").is_file():
            return None
        folder = folder / (folder / "commondir").read_text(encoding="utf-8").strip()
    return top, folder.resolve()
