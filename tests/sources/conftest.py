"""A loopback web site, a separate repository for each test, and the real public data."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback_site import Site


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Site()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A separate repository, so that the test can see its downloads."""
    root = tmp_path / "repository"
    root.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(root))
    return root


@pytest.fixture
def training() -> Path:
    """Real training files, where ULTRAMED_REALDATA names them."""
    root = os.environ.get("ULTRAMED_REALDATA")
    if not root:
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files on this machine")
    return Path(root) / "01_training_sources"
