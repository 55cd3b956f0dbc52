"""The client against a real endpoint on this machine: order, thrift, stubbornness, discretion, survival."""

import asyncio
import gc
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from loopback import Loopback, asked_of, client, echo, question, said, settings
from pydantic import BaseModel

import ultramed
from ultramed import paths
from ultramed.errors import LedgerError, ModelError, RightsError
from ultramed.inference.client import AHEAD, Client, connect
from ultramed.inference.endpoint import RETRIES
from ultramed.inference.ledger import Ledger
from ultramed.inference.requests import Answer, Reply, Request
from ultramed.params import Params, Price

KEY = "sk-planted-0123456789"
ASKING = Path(__file__).with_name("asking.py")


class Pick(BaseModel):
    answer: str


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    monkeypatch.setenv("LOOPBACK_KEY", KEY)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "ledger"


def ask(address: str, requests: Iterable[Request], given: Params | None = None, name: str = "here",
        key_env: str | None = None, **how: Any) -> tuple[list[Answer], Client]:
    """All answers of a client of its own, and the client."""
    with closing(client(address, name, given, key_env)) as asker:
        return list(asker.ask(requests, **how)), asker


def values(answers: Iterable[Answer]) -> list[Any]:
    return [a.value for a in answers]


def start(address: str, count: int, concurrency: int, *more: str) -> subprocess.Popen[str]:
    """The script `asking.py`."""
    where = str(Path(ultramed.__file__).parents[1])
    return subprocess.Popen([sys.executable, ASKING, address, str(count), str(concurrency), *more], text=True,
                            env={**os.environ, "PYTHONPATH": where}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


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


# ---------------------------------------------------------------------------------------------- order and thrift


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
    assert after.manifest[:50] == before.manifest


def test_the_request_says_everything_and_nothing_else() -> None:
    with Loopback(lambda *_: answered('{"answer": "B"}')) as server:
        ask(server.address, [question("q", reply_type=Pick)])
    shape = {"name": "Pick", "strict": True, "schema": Pick.model_json_schema()}
    assert server.bodies == [{
        "model": "here", "messages": [{"role": "user", "content": "q"}], "temperature": 0.0, "top_p": 1.0,
        "max_tokens": 16, "seed": 1, "response_format": {"type": "json_schema", "json_schema": shape}}]  # fmt: skip
    assert "Authorization" not in server.headers[0]


async def answered(text: str, finish: str = "stop") -> web.Response:
    return said(text, finish)


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
    """2,000 requests: never more than concurrency x AHEAD taken from the stream and not yet answered."""
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
    assert ahead <= 8 * AHEAD


def test_replies_are_let_go_once_they_are_handed_on() -> None:
    with Loopback() as server, closing(client(server.address)) as asker:
        stream: Any = asker.ask(question(f"q{n}") for n in range(300))
        for _ in range(290):
            next(stream)
        alive = sum(isinstance(thing, Reply) for thing in gc.get_objects())
        stream.close()
    assert alive <= 3 * 4 * AHEAD, "a window of answers, and what the last commit wrote and read"


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
    assert len(server.bodies) == seen <= 4 * AHEAD + 4


# ---------------------------------------------------------------------------------------------- replies of no use


def test_json_of_another_shape_is_asked_for_once_more_with_the_error() -> None:
    async def plan(body: dict[str, Any], _: int) -> web.Response:
        return said('{"answer": "B"}' if len(body["messages"]) == 3 else '{"letter": "B"}')

    with Loopback(plan) as server:
        answers, asker = ask(server.address, [question("q", reply_type=Pick)])
        again, second = ask(server.address, [question("q", reply_type=Pick)])
    assert values(answers) == [Pick(answer="B")]
    turns = server.bodies[1]["messages"]
    assert turns[:2] == [{"role": "user", "content": "q"}, {"role": "assistant", "content": '{"letter": "B"}'}]
    assert turns[2]["content"].startswith("That reply could not be used: answer: Field required. Reply again with ")
    assert [(u.row_id, u.step, u.outcome) for u in asker.manifest] == [
        ("q", "attempt-1", "invalid"), ("q", "attempt-1-again", "ok")]
    assert len({u.request_key for u in asker.manifest}) == 2 and all(u.reply_hash for u in asker.manifest)
    assert (values(again), second.manifest, len(server.bodies)) == (values(answers), asker.manifest, 2)


@pytest.mark.parametrize(("text", "kind"), [("no JSON", "unreadable"), ('{"answer": 3}', "invalid")])
def test_json_that_stays_bad_is_given_up_with_its_kind(text: str, kind: str) -> None:
    with Loopback(lambda *_: answered(text)) as server:
        answers, asker = ask(server.address, [question("q", reply_type=Pick)])
    assert [(a.ok, a.value, a.failure) for a in answers] == [(False, None, kind)]
    assert [u.outcome for u in asker.manifest] == [kind, kind]
    assert len(server.bodies) == 2


@pytest.mark.parametrize(("text", "finish", "kind"), [
    ("", "stop", "empty"), ('{"answ', "length", "truncated"), ("-", "content_filter", "refused"),
])  # fmt: skip
def test_what_would_not_get_better_is_not_asked_again(text: str, finish: str, kind: str) -> None:
    with Loopback(lambda *_: answered(text, finish)) as server:
        answers, asker = ask(server.address, [question("q", reply_type=Pick)])
    assert ([a.failure for a in answers], [u.outcome for u in asker.manifest]) == ([kind], [kind])
    assert len(server.bodies) == 1


def test_free_text_cut_by_the_limit_is_taken_only_where_asked_for() -> None:
    with Loopback(lambda *_: answered("It is", "length")) as server:
        assert ask(server.address, [question("q")])[0][0].failure == "truncated"
        assert ask(server.address, [question("q")], truncated_ok=True)[0][0].value == "It is"
    assert len(server.bodies) == 1, "how a reply is read is not part of what was asked"


def test_text_that_is_no_unicode_is_mended_and_kept(ledger: Path) -> None:
    """Half of a surrogate pair, as JSON can carry it: no file and no ledger could hold it."""
    with Loopback(lambda *_: answered("a \ud83d b")) as server:
        first, _ = ask(server.address, [question("q")])
        second, _ = ask(server.address, [question("q")])
    assert values(first) == values(second) == ["a ? b"]
    assert len(server.bodies) == 1


# ---------------------------------------------------------------------------------------------- trouble


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_passing_trouble_is_waited_out(status: int) -> None:
    with Loopback(statuses(status, status)) as server:
        answers, asker = ask(server.address, [question("q")])
    assert values(answers) == ["re q"]
    assert (len(server.bodies), len(asker.manifest)) == (3, 1)


def test_retry_after_is_obeyed() -> None:
    started = time.monotonic()
    with Loopback(statuses(429, headers={"Retry-After": "1"})) as server:
        assert values(ask(server.address, [question("q")])[0]) == ["re q"]
    assert time.monotonic() - started >= 1


def test_a_dropped_connection_is_tried_again() -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if nth == 1:
            raise ConnectionResetError
        return await echo(body, nth)

    with Loopback(plan) as server:
        assert values(ask(server.address, [question("q")])[0]) == ["re q"]
    assert len(server.bodies) == 2


def told(error: type[Exception], address: str, *requests: Request, **how: Any) -> str:
    with pytest.raises(error) as caught:
        ask(address, requests or [question("q")], **how)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_trouble_that_stays_is_one_error_with_the_address_and_the_last_words() -> None:
    with Loopback(statuses(*[500] * 100, text="out of\n memory")) as server:
        line = told(ModelError, server.address)
    assert line.startswith(f"model 'here' at {server.address}: does not answer after {RETRIES + 1} tries ")
    assert "(HTTP 500: out of memory)" in line and "`dvc repro` goes on from there" in line
    assert len(server.bodies) == RETRIES + 1


@pytest.mark.parametrize("body", [
    "null", "[]", "not json", "{}", '{"choices": []}', '{"choices": [{"message": null}]}', '{"error": "overloaded"}',
    '{"choices": [{"message": {"content": "x"}, "logprobs": {"content": [{"top_logprobs": null}]}}]}',
])  # fmt: skip
def test_a_reply_of_no_known_form_is_tried_again_and_then_one_error(body: str) -> None:
    async def plan(_: dict[str, Any], __: int) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    with Loopback(plan) as server:
        assert "does not answer after 7 tries" in told(ModelError, server.address)


def test_missing_extras_of_a_reply_are_no_trouble() -> None:
    async def plan(_: dict[str, Any], __: int) -> web.Response:
        usage = {"prompt_tokens": None, "completion_tokens": None}
        return web.json_response({"choices": [{"message": {"content": "x"}, "logprobs": None}], "usage": usage})

    with Loopback(plan) as server:
        answers, _ = ask(server.address, [question("q")], settings(price=Price(prompt=1.0, completion=1.0)), "api")
    assert answers[0].reply == Reply("x", "stop", "", 0, 0)


def test_an_address_where_nobody_listens_is_one_error_that_names_it() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    line = told(ModelError, address, *(question(f"q{n}") for n in range(50)))
    assert line.startswith(f"model 'here' at {address}: does not answer after 7 tries (ClientConnectorError: ")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_refused_costs_that_row_only(status: int) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if asked_of(body) == "q1":
            return web.Response(status=status, text=f"too long;\nkey {KEY}")
        return await echo(body, nth)

    with Loopback(plan) as server:
        answers, asker = ask(server.address, [question(f"q{n}") for n in range(3)], settings(), "api", "LOOPBACK_KEY")
    assert [a.failure for a in answers] == ["", "rejected", ""]
    assert answers[1].detail == f"HTTP {status}: too long; key ***"
    assert [u.outcome for u in asker.manifest] == ["ok", "rejected", "ok"]
    assert [u.reply_hash == "" for u in asker.manifest] == [False, True, False]
    assert len(server.bodies) == 3


@pytest.mark.parametrize(("status", "said"), [
    (402, "answered HTTP 402: no credit left"), (405, "answered HTTP 405: no credit left"),
    (404, "knows no model 'here' (HTTP 404); check models in params.yaml"),
])  # fmt: skip
def test_trouble_of_the_account_or_address_stops_instead_of_costing_every_row(status: int, said: str) -> None:
    with Loopback(statuses(*[status] * 9, text="no credit left")) as server:
        assert said in told(ModelError, server.address)
    assert len(server.bodies) == 1


# ---------------------------------------------------------------------------------------------- keys, rights, prices


def test_the_key_is_sent_and_nothing_else_shows_it(ledger: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Loopback() as server:
        answers, _ = ask(server.address, [question("q")], settings(), "api", "LOOPBACK_KEY")
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert values(answers) == ["re q"]
    assert KEY.encode() not in b"".join(f.read_bytes() for f in ledger.iterdir())
    assert KEY not in "".join(capfd.readouterr())


@pytest.mark.parametrize(("status", "said"), [
    (401, "refused the key (HTTP 401); check the value of LOOPBACK_KEY"),
    (403, "refused the key (HTTP 403); check the value of LOOPBACK_KEY"),
    (500, "does not answer after 7 tries (HTTP 500: bad key ***)"), (402, "answered HTTP 402: bad key ***"),
])  # fmt: skip
def test_a_refused_key_is_named_by_its_variable_and_never_shown(
    status: int, said: str, ledger: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Loopback(statuses(*[status] * 9, text=f"bad key {KEY}")) as server, pytest.raises(ModelError) as caught:
        ask(server.address, [question("q")], settings(), "api", "LOOPBACK_KEY")
    assert said in str(caught.value)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert KEY not in repr(seen) and KEY not in str(seen)
        seen = seen.__cause__ or seen.__context__
    assert KEY not in "".join(capfd.readouterr())
    assert KEY.encode() not in b"".join(f.read_bytes() for f in ledger.iterdir())


def test_a_key_that_is_not_set_is_missed_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOPBACK_KEY")
    with Loopback() as server:
        line = told(ModelError, server.address, given=settings(), name="api", key_env="LOOPBACK_KEY")
    assert "needs a key in the environment variable LOOPBACK_KEY, which is not set" in line
    assert server.bodies == []


@pytest.mark.parametrize("rights", ["quarantine", "deny", "unheard-of"])
def test_text_that_must_stay_here_is_never_sent_away(rights: str) -> None:
    with Loopback() as server:
        row = question("q", rights=rights)
        line = told(RightsError, server.address, row, given=settings(), name="api")
        assert line.startswith(f"q (attempt-1): has rights '{rights}': its text must not leave this machine, 'api' is ")
        assert server.bodies == []
        assert values(ask(server.address, [row])[0]) == ["re q"], "a model on this machine may be asked"


def test_the_manifest_says_what_was_used_and_what_it_cost_when_it_was_bought() -> None:
    """10 prompt and 2 completion tokens at 3 and 15 USD a million: (30 + 30) / 1e6. A new price changes nothing."""
    with Loopback() as server:
        bought, dear = ask(server.address, [question("q")], settings(price=Price(prompt=3.0, completion=15.0)), "api")
        _, cheap = ask(server.address, [question("q")], settings(price=Price(prompt=1.0, completion=1.0)), "api")
    (use,) = dear.manifest
    assert use.price_usd == pytest.approx(60e-6)
    assert bought[0].reply is not None
    assert (use.request_key, use.reply_hash, use.model, use.prompt, use.prompt_tokens, use.completion_tokens) == (
        question("q").key("identity"), bought[0].reply.hash, "api", "solve", 10, 2)
    assert cheap.manifest == dear.manifest


# ---------------------------------------------------------------------------------------------- survival


async def slow(body: dict[str, Any], nth: int) -> web.StreamResponse:
    await asyncio.sleep(0.02)
    return await echo(body, nth)


def bought(ledger: Path) -> set[str]:
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        return {row[0] for row in db.execute("SELECT asked FROM replies")}


def test_after_a_kill_only_what_had_not_come_is_asked_again(ledger: Path) -> None:
    with Loopback(slow) as server:
        with start(server.address, 300, 4) as first:
            wait_for(lambda: len(server.bodies) >= 100)
            first.kill()
        wait_for(lambda: server.open == 0)
        before, kept = Counter(server.asked), bought(ledger)
        assert 0 <= len(before) - len(kept) <= 4 * AHEAD, "what was in flight or not yet on disk"
        with start(server.address, 300, 4) as second:
            out, said = second.communicate(timeout=60)
        assert (second.returncode, out) == (0, "300\n"), said
    again = server.asked - before
    assert set(again) == {f'[{{"role": "user", "content": "q{n}"}}]' for n in range(300)} - kept
    assert set(again.values()) == {1}


def test_an_interrupt_keeps_what_came_and_ends_in_one_line(ledger: Path) -> None:
    with Loopback(slow) as server, start(server.address, 300, 4) as asker:
        wait_for(lambda: len(server.bodies) >= 60)
        asker.send_signal(signal.SIGINT)
        _, said = asker.communicate(timeout=20)
    assert asker.returncode == 130
    assert said.splitlines() == [
        "ERROR stage asking: interrupted; replies received so far are in the ledger, `dvc repro` goes on"]
    assert len(bought(ledger)) >= 60 - 2 * 4 * AHEAD


def test_a_ledger_that_cannot_grow_ends_the_stage_in_one_line(ledger: Path) -> None:
    """As on a full disk: the stage must neither hang nor go on buying what it cannot keep."""
    async def plan(body: dict[str, Any], _: int) -> web.Response:
        return said(asked_of(body) * 10_000)

    with Loopback(plan) as server, start(server.address, 300, 4, "400000") as asker:
        out, told = asker.communicate(timeout=30)
    assert (asker.returncode, out) == (1, "")
    (line,) = told.splitlines()
    assert line.startswith(f"ERROR {ledger}/ledger.sqlite: cannot be used: ") and "check free space" in line
    assert len(server.bodies) < 150


def test_two_processes_that_ask_the_same_agree_on_the_replies(ledger: Path) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        await asyncio.sleep(0.005)
        return said(f"{asked_of(body)}, said the {nth}th time")

    with Loopback(plan) as server:
        with start(server.address, 100, 4) as first, start(server.address, 100, 4) as second:
            assert [p.wait(60) for p in (first, second)] == [0, 0]
        sent = len(server.bodies)
        answers, _ = ask(server.address, (question(f"q{n}") for n in range(100)))
    assert (len(bought(ledger)), len(server.bodies)) == (100, sent)
    assert all(a.ok for a in answers)


def test_a_damaged_record_is_bought_again(ledger: Path) -> None:
    with Loopback() as server:
        ask(server.address, [question(f"q{n}") for n in range(5)])
        with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
            db.execute("UPDATE replies SET reply = replace(reply, 're q3', 're q4')")
            db.commit()
        answers, _ = ask(server.address, [question(f"q{n}") for n in range(5)])
    assert values(answers) == [f"re q{n}" for n in range(5)]
    assert sorted(server.asked.values()) == [1, 1, 1, 1, 2]


# ---------------------------------------------------------------------------------------------- connect


def test_connect_to_a_remote_model_by_its_name_in_params(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "models/identity").mkdir(parents=True)
    (tmp_path / "models/identity/api.json").write_text('{"identity": "remote:p:m:1"}')
    with Loopback() as server:
        given = settings(key_env="LOOPBACK_KEY", address=server.address + "/")
        with connect("api", "judge", given) as asker:
            (answer,) = asker.ask([question("q")])
    assert (answer.value, server.bodies[0]["model"]) == ("re q", "m")
    assert answer.key == question("q").key("remote:p:m:1")
    with closing(Ledger(paths.ledger())) as kept:
        entry = kept.get([answer.key])[answer.key]
    assert (entry.identity, entry.stage) == ("remote:p:m:1", "judge")


def test_connect_without_the_identity_says_what_to_run(ledger: Path) -> None:
    with pytest.raises(ModelError, match=r"models/identity/api.json: is not there; run `dvc repro` from the start"), \
            connect("api", "judge", settings()):
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
