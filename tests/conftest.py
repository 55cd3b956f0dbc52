"""The environment and order of tests, and a folder with the oracle for tests that ask a model."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from oracle_endpoint import Served
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from ultramed.training.environment import prepare

prepare()  # before any test imports PyTorch, so that training gives the same bytes in this process and others

# A test run started in the background ignores interrupts, and so would every process it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)


OWN_BUILD = ("tests/pipeline/test_real_teacher.py",)  # builds with a model of its own, beside the others


class Together(LoadScopeScheduling):
    """Keeps the tests of a module in one process, because they share what they trained or started, and likewise all
    tests that share the built pipeline."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::")[0]
        return "pipeline" if module.startswith("tests/pipeline/") and module not in OWN_BUILD else module


@pytest.hookimpl(optionalhook=True)  # tests also run without xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    config.option.loadscopereorder = False
    return Together(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the pipeline tests first, since they take longest; fast tests run in parallel."""
    for item in items:
        if item.path.parent.name == "pipeline":
            item.add_marker(pytest.mark.timeout(3600))  # the first one builds everything
    items.sort(key=lambda item: (item.path.parent.name != "pipeline", item.get_closest_marker("slow") is not None))


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """The oracle, without any truth, configured as the remote model `oracle`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    with Served() as oracle:
        yield oracle


@pytest.fixture
def encoder_here(served: Served) -> None:
    """The static encoder from its package, linked to where the pipeline looks for it."""
    import static_model

    Path("models/local").mkdir(parents=True)
    Path("models/local/encoder").symlink_to(Path(static_model.__file__).parent / "model")
