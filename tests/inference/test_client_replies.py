"""Unusable replies and failed requests: what is asked again, and what is given up."""

import re
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from clients import KEY, Pick, answered, ask, statuses, told, values
from loopback import Loopback, asked_of, client, echo, question, said, settings

from ultramed.errors import ModelError
from ultramed.inference.ask.usefulness import ENOUGH, Usefulness
from ultramed.ledger.requests import Answer, Reply
from ultramed.params import Price
from ultramed.params.models import Retries

TRIES = Retries().tries

pytestmark = pytest.mark.usefixtures("ledger")


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
    assert (values(again), list(second.manifest), len(server.bodies)) == (values(answers), list(asker.manifest), 2)


@pytest.mark.parametrize(("text", "kind"), [("no JSON", "unreadable"), ('{"answer": 3}', "invalid")])
def test_json_that_stays_bad_is_given_up_with_its_kind(text: str, kind: str) -> None:
    with Loopback(lambda *_: answered(text)) as server:
        answers, asker = ask(server.address, [question("q", reply_type=Pick)])
    assert [(a.ok, a.value, a.failure) for a in answers] == [(False, None, kind)]
    assert [u.outcome for u in asker.manifest] == [kind, kind]
    assert len(server.bodies) == 2


@pytest.mark.parametrize(("text", "finish", "kind"), [
    ("", "stop", "empty"), ('{"answ', "length", "truncated"), ("-", "content_filter", "refused"),
])
def test_what_would_not_get_better_is_not_asked_again(text: str, finish: str, kind: str) -> None:
    with Loopback(lambda *_: answered(text, finish)) as server:
        answers, asker = ask(server.address, [question("q", reply_type=Pick)])
    assert ([a.failure for a in answers], [u.outcome for u in asker.manifest]) == ([kind], [kind])
    assert len(server.bodies) == 1


def test_free_text_cut_by_the_limit_is_taken_only_where_asked_for() -> None:
    with Loopback(lambda *_: answered("It is", "length")) as server:
        assert ask(server.address, [question("q")])[0][0].failure == "truncated"
        assert ask(server.address, [question("q")], truncated_ok=True)[0][0].value == "It is"
    assert len(server.bodies) == 1, "how a reply is parsed is not part of the request"


def test_text_that_is_no_unicode_is_mended_and_kept(ledger: Path) -> None:
    """A lone surrogate: JSON can carry it, but neither a file nor the ledger can hold it."""
    with Loopback(lambda *_: answered("a \ud83d b")) as server:
        first, _ = ask(server.address, [question("q")])
        second, _ = ask(server.address, [question("q")])
    assert values(first) == values(second) == ["a ? b"]
    assert len(server.bodies) == 1


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


def test_trouble_that_stays_is_one_error_with_the_address_and_the_last_words() -> None:
    with Loopback(statuses(*[500] * 100, text="out of\n memory")) as server:
        line = told(ModelError, server.address)
    assert line.startswith(f"model 'here' at {server.address}: answered no request ")
    assert f"({TRIES} tries, last: HTTP 500: out of memory)" in line and "then run again" in line
    assert len(server.bodies) == TRIES


@pytest.mark.parametrize("body", [
    "null", "[]", "not json", "{}", '{"choices": []}', '{"choices": [{"message": null}]}',
    '{"choices": [{"message": {"content": "x"}, "logprobs": {"content": [{"top_logprobs": null}]}}]}',
])
def test_a_reply_of_no_known_form_is_tried_again_and_then_one_error(body: str) -> None:
    async def plan(_: dict[str, Any], __: int) -> web.Response:
        return web.Response(text=body, content_type="application/json")

    with Loopback(plan) as server:
        assert "(7 tries, last: a body that is no chat completion, " in told(ModelError, server.address)


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
    assert line.startswith(f"model 'here' at {address}: does not answer (ClientConnectorError: ")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_request_that_is_refused_costs_that_row_only(status: int) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if asked_of(body) == "q1":
            return web.Response(status=status, text=f"a bad field;\nkey {KEY}")
        return await echo(body, nth)

    with Loopback(plan) as server:
        answers, asker = ask(server.address, [question(f"q{n}") for n in range(3)], settings(), "api", "LOOPBACK_KEY")
    assert [a.failure for a in answers] == ["", "rejected", ""]
    assert answers[1].detail == f"HTTP {status}: a bad field; key ***"
    assert [u.outcome for u in asker.manifest] == ["ok", "rejected", "ok"]
    assert [u.reply_hash == "" for u in asker.manifest] == [False, True, False]
    assert len(server.bodies) == 3


@pytest.mark.parametrize(("status", "said"), [
    (402, "answered HTTP 402: no credit left"), (405, "answered HTTP 405: no credit left"),
    (404, "does not know model 'here' (HTTP 404: no credit left); check model and base_url of models.remote.here"),
    (403, "refuses every request (HTTP 403: no credit left); check the value of api_key_env"),
])
def test_trouble_of_the_account_or_address_stops_instead_of_costing_every_row(status: int, said: str) -> None:
    with Loopback(statuses(*[status] * 9, text="no credit left")) as server:
        assert said in told(ModelError, server.address)
    assert len(server.bodies) == 1


ERRORS = {
    "moderated": (403, '{"error": {"message": "Your input was flagged by moderation", "code": 403}}'),
    "routed": (404, '{"error": {"message": "No endpoint can handle this input"}}'), "legal": (451, "for legal reasons"),
    "dependency": (424, "a guardrail failed"),
    "echoed": (422, '{"detail": [{"msg": "unprocessable", "input": {"response_format": {"type": "json_schema"}}}]}'),
}


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("shaped", [False, True])
def test_one_refused_row_among_good_ones_is_set_aside_with_the_words(kind: str, shaped: bool) -> None:
    status, words = ERRORS[kind]

    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if body["messages"][-1]["content"].startswith("q5"):
            return web.Response(status=status, text=words)
        return await answered('{"answer": "B"}')

    more: dict[str, Any] = {"reply_type": Pick} if shaped else {}
    with Loopback(plan) as server:
        answers, _ = ask(server.address, [question(f"q{n}", **more) for n in range(10)])
    assert [a.failure for a in answers] == ["rejected" if n == 5 else "" for n in range(10)]
    assert answers[5].detail.startswith(f"HTTP {status}: ")


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize("status", [403, 404])
def test_what_every_row_meets_stops_the_stage_early(status: int, rows: int) -> None:
    with Loopback(statuses(*[status] * 99)) as server:
        line = told(ModelError, server.address, *(question(f"q{n}") for n in range(rows)))
        assert len(server.bodies) <= 10 and f"HTTP {status}" in line


@pytest.mark.parametrize(("body", "code"), [
    ({"error": {"message": "slow down", "code": 429}}, 429), ({"error": {"message": "busy", "code": 503}}, 503),
    ({"choices": [{"error": {"message": "upstream", "code": 502}, "message": {"content": "half an"}}]}, 502),
    ({"choices": [{"finish_reason": "abort", "message": {"content": "half an"}}]}, 502),
])
def test_an_error_with_status_200_is_tried_again_like_that_error(body: dict[str, Any], code: int) -> None:
    async def plan(given: dict[str, Any], nth: int) -> web.StreamResponse:
        return web.json_response(body) if nth == 1 else await echo(given, nth)

    with Loopback(plan) as server:
        answers, _ = ask(server.address, [question("q")])
        assert values(answers) == ["re q"] and len(server.bodies) == 2


@pytest.mark.parametrize(("kind", "reply"), [
    ("empty", {"message": {"content": None, "reasoning_content": "B, because"}, "finish_reason": "stop"}),
    ("truncated", {"message": {"content": "<think>well"}, "finish_reason": "length"}),
    ("unreadable", {"message": {"content": "It is B."}, "finish_reason": "stop"}),
    ("invalid", {"message": {"content": '{"letter": "B"}'}, "finish_reason": "stop"}),
])
def test_a_stage_of_which_nothing_is_usable_stops_and_says_what_comes(kind: str, reply: dict[str, Any]) -> None:
    async def plan(_: dict[str, Any], __: int) -> web.StreamResponse:
        return web.json_response({"choices": [reply], "usage": {"prompt_tokens": 10, "completion_tokens": 2000}})

    with Loopback(plan) as server:
        line = told(ModelError, server.address, *(question(f"q{n}", reply_type=Pick) for n in range(300)))
        bought = len(server.bodies)
        assert bought <= 120 and re.search(rf"sends nothing usable: \d\d {kind}[,;]", line), line
        told(ModelError, server.address, *(question(f"q{n}", reply_type=Pick) for n in range(300)))
        assert len(server.bodies) == bought, "what the ledger has shows it, too"


def test_thinking_is_no_part_of_a_value_and_the_ledger_keeps_it() -> None:
    async def plan(_: dict[str, Any], __: int) -> web.StreamResponse:
        message = {"content": "<think>A? No.</think>\nB", "reasoning": "Hm."}
        return web.json_response({"choices": [{"message": message}]})

    with Loopback(plan) as server:
        first, _ = ask(server.address, [question("q")])
        second, _ = ask(server.address, [question("q")])
    for answer in (*first, *second):
        assert (answer.value, answer.text, answer.thinking) == ("B", "B", "Hm.\n\nA? No.")


def test_a_later_pass_may_hold_only_what_is_unusable() -> None:
    async def plan(body: dict[str, Any], _: int) -> web.StreamResponse:
        return await answered("No." if "bad" in body["messages"][0]["content"] else '{"answer": "B"}')

    with Loopback(plan) as server, closing(client(server.address)) as asker:
        assert next(asker.ask([question("good", reply_type=Pick)])).ok
        answers = list(asker.ask(question(f"bad {n}", reply_type=Pick) for n in range(60)))
    assert {a.failure for a in answers} == {"unreadable"}


def test_where_an_unusable_reply_is_a_result_all_are_asked() -> None:
    async def plan(_: dict[str, Any], __: int) -> web.StreamResponse:
        return await answered("It is B.")

    with Loopback(plan) as server:
        answers, _ = ask(server.address, [question(f"q{n}", reply_type=Pick) for n in range(60)], unusable_ok=True)
    assert [a.failure for a in answers] == ["unreadable"] * 60


def test_the_remedy_speaks_of_settings_that_the_model_has() -> None:
    given = Answer(question("q"), "k", Reply("<think>so", "length", "m", 1, 1), None, "truncated", "cut at 1 tokens")
    for remote in (True, False):
        counted = Usefulness("teacher", remote)
        for _ in range(ENOUGH):
            assert counted.fault is None
            counted.note(given)
        line = str(counted.fault)
        assert "24 truncated" in line and "raise max_tokens" in line
        assert ("models.remote.teacher.request: {reasoning_effort: low}" in line) is remote
