"""What tests run under and in which order, and a folder with the oracle in it for every test that asks a model."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from oracle_endpoint import Served
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from ultramed.training.environment import prepare

prepare()  # before any test imports PyTorch: trainings in this process and in others must end in the same bytes

# A test run started in the background ignores interrupts, and so would every process it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


class Together(LoadScopeScheduling):
    """Modules share what they have trained or started, so the tests of one stay in one process; so do all those that
    share the built pipeline."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::")[0]
        return "pipeline" if module.startswith("tests/pipeline/") else module


@pytest.hookimpl(optionalhook=True)  # tests run without xdist, too
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    config.option.loadscopereorder = False
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests of the pipeline take longest: they begin at once, and the fast ones pass beside them."""
    for item in items:
        if item.path.parent.name == "pipeline":
            item.add_marker(pytest.mark.timeout(3600))  # the first builds all
    items.sort(key=lambda item: (item.path.parent.name != "pipeline", item.get_closest_marker("slow") is not None))


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
