"""Run the command `ultramed` as a shell would, without starting another interpreter."""

import sys
from collections.abc import Callable

import pytest

from ultramed.cli import app

Ran = tuple[int, str, str]  # exit code, stdout, stderr


@pytest.fixture
def ultramed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run `ultramed` with these arguments in the current folder."""
    def run(*arguments: str) -> Ran:
        monkeypatch.setattr(sys, "argv", ["ultramed", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run
