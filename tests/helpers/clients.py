"""What the tests of the client share: asking, starting a stage that asks, an endpoint's bad days."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from loopback import client, echo, question, said
from pydantic import BaseModel

import ultramed
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request
from ultramed.params import Params

KEY = "sk-planted-0123456789"
ASKING = Path(__file__).with_name("asking.py")


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The ledger of a test that asks, in a folder of its own."""
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ledger"


class Pick(BaseModel):
    answer: str


def ask(address: str, requests: Iterable[Request], given: Params | None = None, name: str = "here",
        key_env: str | None = None, **how: Any) -> tuple[list[Answer], Client]:
    """All answers of a client of its own, and the client."""
    with closing(client(address, name, given, key_env)) as asker:
        return list(asker.ask(requests, **how)), asker


def values(answers: Iterable[Answer]) -> list[Any]:
    return [a.value for a in answers]


def start(
    address: str, count: int, concurrency: int, *more: str, worktree: Path | None = None
) -> subprocess.Popen[str]:
    """The script `asking.py`; a worktree runs one at a time."""
    if worktree:
        worktree.mkdir()
    where = str(Path(ultramed.__file__).parents[1])
    return subprocess.Popen([sys.executable, ASKING, address, str(count), str(concurrency), *more], cwd=worktree,
                            env={**os.environ, "PYTHONPATH": where}, text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def wait_for(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def statuses(*given: int, headers: dict[str, str] | None = None, text: str = "not now") -> Any:
    """A plan: each question meets these statuses in turn, then its answer."""
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if nth <= len(given):
            return web.Response(status=given[nth - 1], text=text, headers=headers)
        return await echo(body, nth)
    return plan


async def answered(text: str, finish: str = "stop") -> web.Response:
    return said(text, finish)


def told(error: type[Exception], address: str, *requests: Request, **how: Any) -> str:
    with pytest.raises(error) as caught:
        ask(address, requests or [question("q")], **how)
    assert "\n" not in str(caught.value)
    return str(caught.value)
