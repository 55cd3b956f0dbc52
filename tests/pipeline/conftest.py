import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from workspace import Workspace, clone, smaller


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The laptop pipeline, run once with the real embedded model, results committed; tests restore it. Each training
    takes two steps, and policies answer one item per task. Every stage runs, and is recorded, also where dvc.lock and
    the checkout already agree."""
    base = tmp_path_factory.mktemp("pipeline")
    workspace = clone(base / "built", base / "ledger")
    smaller(workspace)
    workspace.ultramed("ledger", "take")
    (base / "repro.log").write_text(workspace.run("dvc", "repro", "--force", **workspace.recording))
    workspace.run("git", "add", "-A")
    workspace.run("git", "commit", "-qm", "built")
    return workspace
