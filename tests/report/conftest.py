"""The world of the gate tests, for the report."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "gates"))

from world import World
from world_models import build


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A written world. Do not change it."""
    return build(tmp_path_factory.mktemp("healthy"), per_source=8).write()


@pytest.fixture
def world(healthy: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of that world in its own folder, free to change and partly rewrite."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return healthy.copy(tmp_path)


@pytest.fixture(scope="session")
def encoder() -> Path:
    """The static encoder bundled with a package."""
    import static_model

    return Path(static_model.__file__).parent / "model"
