"""A healthy world, written once; tests break copies of it."""

from pathlib import Path

import pytest
from world import World
from world_models import build


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A written world in which every gate passes. Do not change it."""
    return build(tmp_path_factory.mktemp("healthy"), per_source=17).write()


@pytest.fixture
def world(healthy: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A copy of that world in its own folder, free to change and partly rewrite."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return healthy.copy(tmp_path)
