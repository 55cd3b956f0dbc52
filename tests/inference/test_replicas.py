"""Replicas on this machine that are slow, die, recover, refuse or limit: which is asked, how fast, at what cost."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from clients import Pick, statuses, told, values
from loopback import Loopback, asked_of, echo, question, settings

from ultramed.errors import ModelError
from ultramed.inference.ask.endpoint_health import MAX_CONSECUTIVE, MAX_REFUSED
from ultramed.inference.client import Client
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.limits import BURST_S
from ultramed.inference.http.replicas import FAILURES
from ultramed.inference.http.wire import UNANSWERED, Dialect
from ultramed.ledger.requests import Answer, Request
from ultramed.params.models import Retries

TRIES = Retries().tries

pytestmark = [pytest.mark.usefixtures("ledger"), pytest.mark.timeout(30)]

Trouble = Callable[[], Awaitable[web.StreamResponse]]


def questions(count: int) -> list[Request]:
    return [question(f"q{n}") for n in range(count)]


def asker(servers: Iterable[Loopback], **limits: Any) -> Client:
    """A client of a model with these replicas; its retries follow quickly."""
    quick = {"concurrency": 4, "retries": Retries(backoff_s=0.002), "patience_s": 0.2}
    target = Target("here", tuple(server.address for server in servers), Dialect("here"), **{**quick, **limits})
    return Client("here", "trial", lambda: nullcontext(target), "identity", settings(target.concurrency))


def run(servers: Iterable[Loopback], requests: Iterable[Request], **limits: Any) -> list[Answer]:
    with closing(asker(servers, **limits)) as client:
        return list(client.ask(requests))


def fails(servers: Iterable[Loopback], requests: Iterable[Request], **limits: Any) -> str:
    """The error line that a run ends with."""
    with pytest.raises(ModelError) as caught:
        run(servers, requests, **limits)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def kept(ledger: Path) -> int:
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        return db.execute("SELECT count(*) FROM replies").fetchone()[0]


def taking(seconds: float) -> Any:
    """A plan: each answer takes this many seconds."""
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        await asyncio.sleep(seconds)
        return await echo(body, nth)
    return plan


def falling_silent(server: Loopback, after: int) -> Any:
    """A plan: `after` answers, then 500 to everything."""
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        server.down = len(server.bodies) >= after
        return await echo(body, nth)
    return plan


def but(bad: Iterable[str], trouble: Trouble, tries: int = 999) -> Any:
    """A plan: trouble for the first tries of these questions, an answer for the others."""
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        return await (trouble() if asked_of(body) in bad and nth <= tries else echo(body, nth))
    return plan


def status(code: int, text: str = "not now", **headers: str) -> Trouble:
    async def trouble() -> web.StreamResponse:
        return web.Response(status=code, text=text, headers=headers)
    return trouble


class Dropped(web.Response):
    """No answer: the connection closes."""

    async def prepare(self, request: web.BaseRequest) -> None:
        assert request.transport
        request.transport.close()
        raise ConnectionResetError


async def dropped() -> web.StreamResponse:
    return Dropped()


async def endless() -> web.StreamResponse:
    await asyncio.sleep(30)
    raise AssertionError


async def garbled() -> web.StreamResponse:
    return web.json_response({"oops": 1})


def test_each_replica_gets_what_it_takes() -> None:
    with Loopback(taking(0.2)) as slow, Loopback(taking(0.005)) as quick:
        answers = run([slow, quick], questions(120))
    assert values(answers) == [f"re q{n}" for n in range(120)]
    assert set((slow.asked + quick.asked).values()) == {1}
    assert (slow.most_open, quick.most_open) == (4, 4), "all slots of both are used, and no more"
    assert len(quick.bodies) > 2 * len(slow.bodies)


def test_when_a_replica_dies_the_other_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if len(dying.bodies) >= 10:
            dying.stop()
            await asyncio.sleep(30)
        return await echo(body, nth)

    with Loopback(plan) as dying, Loopback(taking(0.02)) as living:
        answers = run([dying, living], questions(200), patience_s=0.0)
    assert values(answers) == [f"re q{n}" for n in range(200)]
    again = sum((dying.asked + living.asked).values()) - 200
    assert 0 < again <= 4, "requests in flight when it died"
    (line,) = [line for line in capfd.readouterr().err.splitlines() if "continuing without it" in line]
    assert line.startswith(f"  model 'here' at {dying.address}: does not answer (")


def test_a_replica_that_was_never_up_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    with Loopback() as gone:
        pass
    with Loopback(taking(0.005)) as living:
        assert values(run([gone, living], questions(50))) == [f"re q{n}" for n in range(50)]
    assert set(living.asked.values()) == {1} and not gone.bodies
    assert f"at {gone.address}: does not answer (ClientConnectorError: " in capfd.readouterr().err


def test_when_all_replicas_die_what_came_is_kept(ledger: Path) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if len(first.bodies) + len(second.bodies) > 40:
            first.stop()
            second.stop()
            await asyncio.sleep(30)
        return await echo(body, nth)

    with Loopback(plan) as first, Loopback(plan) as second:
        line = fails([first, second], questions(200))
    assert "does not answer (" in line and line.endswith("replies so far are kept, the next run continues from there")
    assert kept(ledger) == 40


def test_a_replica_that_only_fails_costs_no_row_while_another_answers() -> None:
    """It always has the most room, but must not attract requests that the other would answer."""
    with Loopback(statuses(*[500] * 999)) as broken, Loopback(taking(0.02)) as sound:
        answers = run([broken, sound], questions(60))
    assert [a.failure for a in answers] == [""] * 60
    assert set(sound.asked.values()) == {1}


def test_a_replica_that_is_down_holds_up_no_row_of_the_others(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing waits for its patience to run out: neither the row that found it down, nor one that failed at the other
    meanwhile, nor those behind them."""
    failed: list[str] = []

    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if down.looks and len(failed) < 5:
            failed.append(asked_of(body))
            return web.Response(status=500)
        return await taking(0.005)(body, nth)

    with Loopback() as down, Loopback(plan) as sound:
        down.plan = falling_silent(down, after=10)
        answers = run([down, sound], questions(200), patience_s=10.0)
    assert values(answers) == [f"re q{n}" for n in range(200)] and len(failed) == 5
    assert "continuing without it" not in capfd.readouterr().err, "everything was answered long before"


@pytest.mark.parametrize(("name", "limit", "each", "count"), [("rpm", 600, 1, 140), ("tpm", 24_000, 12, 440)])
def test_a_limit_a_minute_holds_for_each_replica_in_every_window(name: str, limit: int, each: int, count: int) -> None:
    """600 requests per minute are 10 per second, 50 at once: of 70 to one replica the last 20 take 2 s. Tokens work
    alike; a request uses 12. On a busy machine, delayed requests arrive closer together than they were sent: half a
    second of that is allowed, and a pass with longer delays is measured again, which no broken limit would survive."""
    def holds() -> bool:
        with Loopback() as first, Loopback() as second:
            assert all(a.ok for a in run([first, second], questions(count), concurrency=50, **{name: limit}))
        assert len(first.bodies) + len(second.bodies) == count
        return all(each * (end - begin + 1) <= limit / 60 * (BURST_S + stop - start + 0.5)
                   for arrivals in (first.arrivals, second.arrivals) for begin, start in enumerate(arrivals)
                   for end, stop in enumerate(arrivals[begin:], begin))

    assert any(holds() for _ in range(3))


def test_a_429_pauses_all_requests_for_its_retry_after() -> None:
    with Loopback(but({"q5"}, status(429, **{"Retry-After": "0.5"}), tries=1)) as server:
        assert values(run([server], questions(12), concurrency=1)) == [f"re q{n}" for n in range(12)]
    gaps = [b - a for a, b in zip(server.arrivals, server.arrivals[1:], strict=False)]
    assert asked_of(server.bodies[5]) == "q5" and gaps[5] >= 0.5
    assert len(server.bodies) == 13


def test_fewer_are_asked_at_once_after_429s() -> None:
    """Requests 41 to 56 get a 429, twice as many as may be open: by the end all earlier ones are answered."""
    opened: list[int] = []

    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        opened.append(server.open)
        limited = 40 < len(opened) <= 56
        await asyncio.sleep(0.02)
        return web.Response(status=429) if limited else await echo(body, nth)

    with Loopback(plan) as server:
        answers = run([server], questions(120), concurrency=8)
    assert values(answers) == [f"re q{n}" for n in range(120)]
    assert len(server.bodies) == 136
    assert max(opened[:40]) == 8
    assert max(opened[56:64]) < 8


def test_an_endpoint_that_is_down_for_a_while_costs_no_row(capfd: pytest.CaptureFixture[str]) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if len(server.bodies) == 50:
            server.down = True
            asyncio.get_running_loop().call_later(0.5, setattr, server, "down", False)
        return await echo(body, nth)

    with Loopback(plan) as server:
        answers = run([server], questions(200), patience_s=30.0)
    assert values(answers) == [f"re q{n}" for n in range(200)]
    assert 200 + FAILURES <= len(server.bodies) <= 200 + FAILURES + 4, "while it is down it is checked, not asked"
    assert "does not answer" not in capfd.readouterr().err


def test_an_endpoint_that_stays_down_ends_in_one_line_and_what_came_is_kept(ledger: Path) -> None:
    with Loopback() as server:
        server.plan = falling_silent(server, after=50)
        line = fails([server], questions(200))
        assert line.startswith(f"model 'here' at {server.address}: does not answer (HTTP 500: down); check its address")
        assert kept(ledger) == 50
        server.down, server.plan = False, echo
        assert values(run([server], questions(200))) == [f"re q{n}" for n in range(200)]
    assert max(server.asked.values()) < TRIES and kept(ledger) == 200


@pytest.mark.parametrize(("kind", "trouble"), [
    ("server_error", status(503)), ("timeout", endless), ("connection", dropped), ("malformed", garbled),
    ("rate_limited", status(429)),
])
def test_rows_that_never_get_through_are_given_up_with_their_kind(kind: str, trouble: Trouble) -> None:
    bad = {"q3", "q17", "q39"}
    with Loopback(but(bad, trouble)) as server:
        answers = run([server], questions(40), first_byte_s=0.25)
    assert kind in UNANSWERED
    assert {a.request.row_id: a.failure for a in answers if not a.ok} == dict.fromkeys(bad, kind)
    assert values(answers) == [None if f"q{n}" in bad else f"re q{n}" for n in range(40)]
    assert all(a.detail.startswith(f"{TRIES} tries, last: ") for a in answers if not a.ok)
    assert sum(server.asked.values()) >= 37 + 3 * TRIES


def test_an_endpoint_that_refuses_the_first_requests_is_not_asked_the_rest() -> None:
    with Loopback(statuses(*[400] * 999, text="max_tokens is too large")) as server:
        line = fails([server], questions(100), concurrency=1)
    assert "refuses every request (HTTP 400: max_tokens is too large); check context and max_tokens in " in line
    assert len(server.bodies) == MAX_REFUSED


def test_nothing_is_sent_once_an_endpoint_is_of_no_use() -> None:
    """Even while the caller is busy with answers from the ledger, and learns of it only later."""
    with Loopback() as server:
        run([server], questions(3))
        server.plan = statuses(*[400] * 999, text="max_tokens is too large")
        with closing(asker([server], concurrency=4)) as busy:
            stream = busy.ask(questions(300))
            assert next(stream).value == "re q0"
            time.sleep(0.3)
            with pytest.raises(ModelError, match="refuses every request"):
                list(stream)
    assert len(server.bodies) <= 3 + MAX_REFUSED + 3, "requests in flight beside the fifth may still arrive"


def test_an_account_without_money_ends_the_run_at_once() -> None:
    words = "You exceeded your current quota, please check your plan and billing details. insufficient_quota"
    with Loopback(statuses(*[429] * 999, text=words, headers={"Retry-After": "60"})) as server:
        line = fails([server], questions(100), concurrency=1)
    assert f"answered HTTP 429: {words}; check models in params.yaml, and the provider's account" in line
    assert len(server.bodies) == 1


def test_a_request_longer_than_the_context_costs_that_row_only() -> None:
    words = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"
    with Loopback(but({"q2"}, status(400, words))) as server:
        answers = run([server], questions(5))
    assert [a.failure for a in answers] == ["", "", "too_long", "", ""]
    assert answers[2].detail == f"HTTP 400: {words}" and len(server.bodies) == 5


def test_an_endpoint_without_schemas_ends_in_the_setting_that_helps() -> None:
    words = "This response_format type is unavailable now"
    with Loopback(statuses(*[400] * 9, text=words)) as server:
        line = told(ModelError, server.address, question("q", reply_type=Pick), given=settings(), name="api")
    remedy = "set models.remote.api.replies to json_object or text in params.yaml"
    assert f"does not accept a JSON schema (HTTP 400: {words}); {remedy}" in line
    assert len(server.bodies) == 1


def test_rows_refused_while_others_are_being_answered_do_not_end_the_run() -> None:
    """Refusals come at once, answers take a while: none has come yet when the fifth refusal arrives."""
    bad = {f"q{n}" for n in range(MAX_REFUSED + 1)}

    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if asked_of(body) in bad:
            return web.Response(status=400, text="context_length_exceeded")
        await asyncio.sleep(0.2)
        return await echo(body, nth)

    with Loopback(plan) as server:
        answers = run([server], questions(16), concurrency=16)
    assert [a.failure for a in answers] == ["too_long"] * len(bad) + [""] * (16 - len(bad))


def test_rows_refused_in_an_earlier_run_do_not_end_the_next() -> None:
    """The ledger has the others, so only those that will be refused again are sent."""
    bad = {f"q{n}" for n in range(20, 20 + MAX_REFUSED + 1)}
    with Loopback(but(bad, status(400, "context_length_exceeded"))) as server:
        first, second = (run([server], questions(40), concurrency=1) for _ in range(2))
    assert [a.failure for a in first] == ["too_long" if f"q{n}" in bad else "" for n in range(40)]
    assert [a.failure for a in second] == [a.failure for a in first]


def test_rows_given_up_in_an_earlier_run_do_not_end_the_next() -> None:
    """As above: the endpoint is healthy, only these rows fail."""
    bad = {f"q{n}" for n in range(20, 20 + MAX_CONSECUTIVE + 1)}
    with Loopback(but(bad, status(500))) as server:
        first, second = (run([server], questions(40)) for _ in range(2))
    assert [a.failure for a in first] == ["server_error" if f"q{n}" in bad else "" for n in range(40)]
    assert [a.failure for a in second] == [a.failure for a in first]
