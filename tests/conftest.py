"""In which order tests run, and a folder with the oracle in it for every test that asks a model."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from oracle_endpoint import Served

# A test run started in the background ignores interrupts, and so would every process it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules share what they have trained or started, so the tests of one stay in one process; so do those that share
    the built pipeline. These take longest: they begin at once, and the fast tests pass beside them."""
    for item in items:
        pipeline = item.path.parent.name == "pipeline"
        item.add_marker(pytest.mark.xdist_group("pipeline" if pipeline else item.path.name))
        if pipeline:
            item.add_marker(pytest.mark.timeout(2400))  # the first builds all
    items.sort(key=lambda item: ("pipeline" != item.path.parent.name, item.get_closest_marker("slow") is not None))


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The oracle, known to the pipeline as the remote model `oracle`. It knows nothing yet."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    with Served() as oracle:
        yield oracle


@pytest.fixture
def encoder_here(served: Served) -> None:
    """The static encoder that a package carries, where the pipeline looks for it."""
    import static_model

    Path("models/local").mkdir(parents=True)
    Path("models/local/encoder").symlink_to(Path(static_model.__file__).parent / "model")
