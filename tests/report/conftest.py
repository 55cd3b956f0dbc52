"""The world of the gates' tests, seen by the report."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "gates"))

from world import World
from world_models import build


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A written world. Not to be changed."""
    return build(tmp_path_factory.mktemp("healthy"), per_source=8).write()


@pytest.fixture
def world(healthy: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """That world again, in a folder of its own, to be changed and partly rewritten."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return healthy.copy(tmp_path)


@pytest.fixture(scope="session")
def encoder() -> Path:
    """The static encoder that a package carries."""
    import static_model

    return Path(static_model.__file__).parent / "model"
