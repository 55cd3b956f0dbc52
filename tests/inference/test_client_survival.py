"""Kills, interrupts, full disks: replies received so far are kept."""

import asyncio
import json
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from clients import ask, start, values, wait_for
from loopback import Loopback, asked_of, client, echo, question, said

from ultramed.inference.ask.scheduler import Scheduler
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.wire import Dialect
from ultramed.ledger.ledger import Ledger

pytestmark = pytest.mark.usefixtures("ledger")


async def slow(body: dict[str, Any], nth: int) -> web.StreamResponse:
    await asyncio.sleep(0.02)
    return await echo(body, nth)


def bought(ledger: Path) -> set[str]:
    """The turns of answered requests, in the form that the endpoint counts them by."""
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        return {json.dumps(json.loads(row[0])) for row in db.execute("SELECT asked FROM replies")}


def test_after_a_kill_only_what_had_not_come_is_asked_again(ledger: Path) -> None:
    with Loopback(slow) as server:
        with start(server.address, 300, 4) as first:
            wait_for(lambda: len(server.bodies) >= 100)
            first.kill()
        wait_for(lambda: server.open == 0)
        before, kept = Counter(server.asked), bought(ledger)
        assert 0 <= len(before) - len(kept) <= 2 * 4, "those in flight or not yet on disk"
        with start(server.address, 300, 4) as second:
            out, said = second.communicate(timeout=60)
        assert (second.returncode, out) == (0, "300\n"), said
    again = server.asked - before
    assert set(again) == {f'[{{"content": "q{n}", "role": "user"}}]' for n in range(300)} - kept
    assert set(again.values()) == {1}


def test_an_interrupt_takes_in_what_is_in_flight_and_says_what_is_left(ledger: Path) -> None:
    with Loopback(slow) as server, start(server.address, 300, 4) as asker:
        wait_for(lambda: len(server.bodies) >= 60)
        asker.send_signal(signal.SIGINT)
        _, said = asker.communicate(timeout=20)
    assert asker.returncode == 130
    asked = len(server.bodies)
    assert said.splitlines() == [
        f"  trial: interrupted; {asked} replies were bought and are kept, the rest are still to be answered",
        "ERROR stage asking: interrupted; replies and checkpoints so far are kept, `dvc repro` resumes"]
    assert len(bought(ledger)) == asked


def test_a_ledger_that_cannot_grow_ends_the_stage_in_one_line(ledger: Path) -> None:
    """As on a full disk: the stage must neither hang nor keep buying replies that it cannot store."""
    async def plan(body: dict[str, Any], _: int) -> web.Response:
        return said(asked_of(body) * 10_000)

    with Loopback(plan) as server, start(server.address, 300, 4, "--bytes", "400000") as asker:
        out, told = asker.communicate(timeout=30)
    assert (asker.returncode, out) == (1, "")
    (line,) = told.splitlines()
    assert line.startswith(f"ERROR {ledger}/ledger.sqlite: cannot be used: ") and "check free space" in line
    assert len(server.bodies) < 150


def test_a_ledger_that_does_not_take_replies_stops_the_sending(ledger: Path) -> None:
    """A slow disk: no more replies wait for it than requests may be in flight."""
    with Loopback() as server, start(server.address, 300, 4) as asker:
        wait_for(lambda: len(server.bodies) >= 20)
        with closing(Ledger(ledger)) as other, other.writing():
            before = len(server.bodies)
            time.sleep(1)
            assert len(server.bodies) - before <= 2 * 4
        assert asker.wait(60) == 0


@pytest.mark.parametrize("name", ["here", "api"])
def test_two_processes_that_ask_the_same_buy_each_reply_once(name: str, ledger: Path, tmp_path: Path) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return said(f"{asked_of(body)}, said the {nth}th time")

    with Loopback(plan) as server:
        with (start(server.address, 100, 4, "--model", name, worktree=tmp_path / "one") as first,
              start(server.address, 100, 4, "--model", name, worktree=tmp_path / "two") as second):
            assert [p.wait(60) for p in (first, second)] == [0, 0]
        assert len(server.bodies) == len(bought(ledger)) == 100


def test_a_killed_process_leaves_no_claim(ledger: Path, tmp_path: Path) -> None:
    """The other one waits for the replies, and buys them itself as soon as nobody else does."""
    stuck = threading.Event()

    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        while nth == 1 and not stuck.is_set():
            await asyncio.sleep(0.01)
        return await echo(body, nth)

    with Loopback(plan) as server, start(server.address, 4, 4) as first:
        wait_for(lambda: len(server.bodies) == 4)
        with start(server.address, 4, 4, worktree=tmp_path / "second") as second:
            assert second.stderr and second.stderr.readline() == (
                f"  trial: another run (process {first.pid}) asks the same; waiting for its replies\n")
            assert (len(server.bodies), second.poll()) == (4, None)
            first.kill()
            assert second.wait(30) == 0
        stuck.set()
        assert sorted(server.asked.values()) == [2, 2, 2, 2]
    assert len(bought(ledger)) == 4
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM claims").fetchone() == (0,)


def test_a_request_that_was_refused_is_claimed_no_longer(ledger: Path) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        return web.Response(status=400, text="moderated") if asked_of(body) == "q1" else await echo(body, nth)

    with Loopback(plan) as server, closing(client(server.address)) as one, closing(client(server.address)) as two:
        first: Any = one.ask(question(f"q{n}") for n in range(1000))
        assert [next(first).failure for _ in range(2)] == ["", "rejected"]
        assert [a.failure for a in two.ask(question(f"q{n}") for n in range(3))] == ["", "rejected", ""]
        first.close()


def test_two_passes_of_one_process_share_their_replies(ledger: Path) -> None:
    with Loopback(slow) as server, closing(client(server.address)) as one, closing(client(server.address)) as two:
        pairs = list(zip(*(asker.ask(question(f"q{n}") for n in range(60)) for asker in (one, two)), strict=True))
    assert len(server.bodies) == 60
    assert all(a.value == b.value for a, b in pairs)


def test_a_damaged_record_is_bought_again(ledger: Path) -> None:
    with Loopback() as server:
        ask(server.address, [question(f"q{n}") for n in range(5)])
        with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
            db.execute("UPDATE replies SET reply = replace(reply, 're q3', 're q4')")
            db.commit()
        answers, _ = ask(server.address, [question(f"q{n}") for n in range(5)])
    assert values(answers) == [f"re q{n}" for n in range(5)]
    assert sorted(server.asked.values()) == [1, 1, 1, 1, 2]


def test_what_is_to_be_asked_again_once_a_pass_is_broken_off_is_left() -> None:
    """The writer settles its last replies when the scheduler's loop is closed: an error there would lose others."""
    target = Target("here", ("http://127.0.0.1:1/v1",), Dialect("here"))
    failed: list[BaseException] = []
    uncapped: Any = SimpleNamespace(capped=False)
    outcomes: Any = SimpleNamespace(failed=failed.append, known=0)
    scheduler: Any = Scheduler(target, None, uncapped, outcomes)  # type: ignore[arg-type]
    scheduler.stop(0.0)
    for tell in (scheduler.submit, scheduler.admitted, scheduler.unfunded, scheduler.bought_elsewhere):
        tell([])
    assert failed == []
