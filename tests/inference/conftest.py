"""What the tests of the client share."""

from pathlib import Path

import pytest
from clients import KEY


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ledger"
