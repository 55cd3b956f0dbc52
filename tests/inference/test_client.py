"""The client against a real endpoint on this machine: replies keep their order, and no request is sent twice."""

import asyncio
import gc
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from clients import Pick, answered, ask, statuses, values, wait_for
from loopback import Loopback, asked_of, client, echo, question, settings

from ultramed import paths
from ultramed.errors import LedgerError, ModelError
from ultramed.inference.ask.flow import AHEAD, LOOKUP
from ultramed.inference.client import connect
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.wire import Dialect
from ultramed.ledger.ledger import Ledger
from ultramed.ledger.requests import Reply, Request
from ultramed.params import Models
from ultramed.params.models import Retries

pytestmark = pytest.mark.usefixtures("ledger")


def test_answers_keep_the_order_of_requests_whatever_the_latency() -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        await asyncio.sleep(random.Random(asked_of(body)).uniform(0, 0.05))
        return await echo(body, nth)

    with Loopback(plan) as server:
        answers, asker = ask(server.address, (question(f"q{n}") for n in range(80)), settings(8))
    assert values(answers) == [f"re q{n}" for n in range(80)]
    assert [u.row_id for u in asker.manifest] == [f"q{n}" for n in range(80)]
    assert server.most_open == 8, "all slots are used, and no more"


def test_nothing_is_asked_twice() -> None:
    with Loopback() as server:
        first, before = ask(server.address, (question(f"q{n}") for n in range(50)))
        second, after = ask(server.address, (question(f"q{n}") for n in range(60)))
    assert [*server.asked.values()] == [1] * 60
    assert values(second)[:50] == values(first)
    assert list(after.manifest)[:50] == list(before.manifest)


def test_the_request_says_everything_and_nothing_else() -> None:
    with Loopback(lambda *_: answered('{"answer": "B"}')) as server:
        ask(server.address, [question("q", reply_type=Pick)])
    shape = {"name": "Pick", "strict": True, "schema": Pick.model_json_schema()}
    assert server.bodies == [{
        "model": "here", "messages": [{"role": "user", "content": "q"}], "temperature": 0.0, "top_p": 1.0,
        "max_tokens": 16, "seed": 1, "response_format": {"type": "json_schema", "json_schema": shape}}]
    assert "Authorization" not in server.headers[0]


def test_identical_requests_in_flight_are_asked_once() -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        await asyncio.sleep(0.05)
        return await echo(body, nth)

    with Loopback(plan) as server:
        answers, asker = ask(server.address, (question("same", row=f"r{n}") for n in range(100)))
    assert len(server.bodies) == 1
    assert values(answers) == ["re same"] * 100
    assert [u.row_id for u in asker.manifest] == [f"r{n}" for n in range(100)]


def test_two_draws_of_the_same_question_are_two() -> None:
    with Loopback() as server:
        ask(server.address, [question("same", sample=n) for n in range(3)])
    assert len(server.bodies) == 3


def test_the_window_bounds_what_is_in_flight_and_in_memory() -> None:
    """2,000 requests: never more than a window of them are taken from the stream and not yet answered."""
    taken = ahead = 0

    def requests() -> Iterator[Request]:
        nonlocal taken
        for n in range(2000):
            taken += 1
            yield question(f"q{n}")

    with Loopback() as server, closing(client(server.address, given=settings(8))) as asker:
        for count, _ in enumerate(asker.ask(requests()), 1):
            ahead = max(ahead, taken - count + 1)
        gc.collect()
    assert (count, len(server.bodies)) == (2000, 2000)
    assert server.most_open <= 8
    assert ahead <= max(LOOKUP, 8 * AHEAD)


def test_replies_are_let_go_once_they_are_handed_on() -> None:
    """Even those of one large commit: replies pile up while another connection holds the write lock."""
    def alive() -> int:
        return sum(isinstance(value, Reply) and value.text.startswith("re large") for value in gc.get_objects())

    answering = threading.Event()

    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        while not answering.is_set():
            await asyncio.sleep(0.01)
        return await echo(body, nth)

    with (Loopback(plan) as server, closing(client(server.address, given=settings(LOOKUP))) as asker,
          ThreadPoolExecutor() as other):
        stream: Any = asker.ask(question(f"large {n}") for n in range(LOOKUP))
        first = other.submit(next, stream)
        wait_for(lambda: len(server.bodies) == LOOKUP)
        with closing(Ledger(paths.ledger())) as ledger, ledger.writing():
            answering.set()
            wait_for(lambda: server.open == 0)
        first.result()
        for _ in range(LOOKUP - 11):
            next(stream)
        wait_for(lambda: alive() <= 10 + 2)  # not handed on; the first and last, held here and in `ask`
        stream.close()


@pytest.mark.slow
def test_20000_requests_never_open_more_than_the_window() -> None:
    with Loopback() as server:
        answers, _ = ask(server.address, (question(f"q{n}") for n in range(20_000)), settings(8))
    assert values(answers) == [f"re q{n}" for n in range(20_000)]
    assert (server.most_open <= 8, len(server.bodies)) == (True, 20_000)


def test_a_consumer_that_stops_early_ends_everything() -> None:
    with Loopback() as server, closing(client(server.address)) as asker:
        stream: Any = asker.ask(question(f"q{n}") for n in range(1000))
        assert next(stream).value == "re q0"
        stream.close()
        wait_for(lambda: server.open == 0)
        seen = len(server.bodies)
        time.sleep(0.1)
    assert len(server.bodies) == seen <= 500 + 4


def test_connect_to_a_remote_model_by_its_name_in_params(ledger: Path) -> None:
    with Loopback() as server:
        given = settings(key_env="LOOPBACK_KEY", address=server.address + "/")
        with connect("api", "judge", given) as asker:
            (answer,) = asker.ask([question("q")])
    assert (answer.value, server.bodies[0]["model"]) == ("re q", "m")
    assert answer.key == question("q").key("remote:p/m@1")
    with closing(Ledger(paths.ledger())) as kept:
        entry = kept.get([answer.key])[answer.key]
    assert (entry.identity, entry.stage) == ("remote:p/m@1", "judge")


def test_a_remote_model_is_retried_as_its_entry_in_params_says(ledger: Path) -> None:
    with Loopback(statuses(*[500] * 100)) as server:
        given = settings(address=server.address)
        api = given.models.remote["api"].model_copy(update={"retries": Retries(tries=3, backoff_s=0.001)})
        given = given.model_copy(update={"models": Models(local={}, remote={"api": api})})
        with pytest.raises(ModelError, match="3 tries, last: HTTP 500"), connect("api", "judge", given) as asker:
            list(asker.ask([question("q")]))
    assert len(server.bodies) == 3


def test_pauses_double_up_to_the_longest() -> None:
    target = Target("here", ("",), Dialect("here"), retries=Retries(backoff_s=0.5, longest_s=3.0))
    for tries, longest in ((0, 0.5), (1, 1.0), (2, 2.0), (3, 3.0), (9, 3.0)):
        pauses = [target.pause(tries) for _ in range(200)]
        assert longest / 2 <= min(pauses) < 0.6 * longest < 0.9 * longest < max(pauses) <= longest


def test_connect_without_the_identity_says_what_to_run(ledger: Path) -> None:
    with pytest.raises(ModelError, match=r"models/identity/here.json: is not there; run `dvc repro` from the start"), \
            connect("here", "judge", settings()):
        pass


def test_connect_with_a_ledger_of_another_version_asks_nothing(ledger: Path, tmp_path: Path) -> None:
    Ledger(ledger).close()
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        db.execute("UPDATE meta SET value = '9'")
        db.commit()
    with Loopback() as server, pytest.raises(LedgerError, match="version 9"):
        ask(server.address, [question("q")])
    assert server.bodies == []
    shutil.rmtree(ledger)


def test_the_benchmark_of_this_layer_asks_as_a_stage_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks.inference import ask_ultramed

    with Loopback() as server:
        monkeypatch.setattr("sys.argv", ["ask", server.address, "5", "--answers", str(tmp_path / "answers"),
                                         "--budget", "1", "--manifest", str(tmp_path / "manifest")])
        ask_ultramed.main()
        assert len(server.bodies) == len((tmp_path / "answers").read_text().splitlines()) == 5
