"""`ultramed doctor --probe`: what two questions tell of an endpoint."""

import json
from typing import Any

import pytest
from aiohttp import web
from loopback import Loopback, settings

from ultramed.cli.probe import probe
from ultramed.errors import ModelError
from ultramed.params import Models, Params, RemoteModel

EXAM = '{"reasoning": "Scurvy is a lack of ascorbic acid.", "answer": "B"}'
USAGE = {"prompt_tokens": 20, "completion_tokens": 9}


def body(content: str, **more: Any) -> dict[str, Any]:
    logprobs = {"content": [{"top_logprobs": [{"token": "C", "logprob": -0.1}]}]}
    return {"choices": [{"message": {"content": content, **more}, "logprobs": logprobs}], "usage": USAGE}


def refused(message: str, status: int = 400) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status)


def asked(given: dict[str, Any]) -> str:
    return EXAM if "JSON" in given["messages"][-1]["content"] else "Vitamin C"


async def plain(given: dict[str, Any], _: int) -> web.Response:
    return web.json_response(body(asked(given)))


async def reasoning(given: dict[str, Any], _: int) -> web.Response:
    """As a provider's own reasoning models: other names, no sampling."""
    if "max_tokens" in given:
        return refused("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
    for name in ("temperature", "logprobs", "seed"):
        if name in given:
            return refused(f"Unsupported value: '{name}' is not supported with this model.")
    return web.json_response(body(f"<think>Hm.</think>{asked(given)}"))


async def schemaless(given: dict[str, Any], _: int) -> web.Response:
    if given.get("response_format", {}).get("type") == "json_schema":
        return refused("This response_format type is unavailable now")
    return web.json_response(body(asked(given)))


async def talkative(given: dict[str, Any], _: int) -> web.Response:
    return web.json_response({"choices": [{"message": {"content": "Vitamin C, I should think."}}]})


async def forbidden(_: dict[str, Any], __: int) -> web.Response:
    return refused("bad key", 401)


def remote(address: str, **more: Any) -> Params:
    api = RemoteModel(base_url=address, model="m", revision="1", provider="p", **more)
    return settings().model_copy(update={"models": Models(local={}, remote={"api": api})})


def lines(plan: Any, **more: Any) -> str:
    with Loopback(plan) as server:
        findings = list(probe("api", remote(server.address, **more)))
    return "\n".join(f"{'ok' if fine else 'FAIL'} {said}" for fine, _, said in findings)


def test_an_endpoint_that_takes_everything_fits_as_it_is() -> None:
    assert lines(plain).splitlines() == [
        "ok api: answers 'Vitamin C'", "ok api: does not think aloud", "ok api: log-probabilities: yes",
        "ok api: counts 20 + 9 tokens", "ok api: JSON is read with replies: json_schema"]


def test_parameters_that_are_not_taken_are_renamed_or_left_out() -> None:
    told = lines(reasoning)
    assert "ok api: thinks (3 characters): give max_tokens room for it" in told
    line = told.splitlines()[-1]
    assert line.startswith("FAIL api: set under models.remote.api: ")
    fitting = json.loads(line.split(": ", 2)[2])
    assert fitting["request"]["max_tokens"] == "max_completion_tokens" and fitting["request"]["temperature"] is None
    assert "FAIL" not in lines(reasoning, **fitting)


def test_the_mode_that_is_taken_is_named() -> None:
    told = lines(schemaless)
    assert "ok api: JSON is read with replies: json_object" in told and '{"replies": "json_object"}' in told
    assert "set under" not in lines(schemaless, replies="json_object")


def test_prose_and_uncounted_tokens_are_told() -> None:
    told = lines(talkative)
    assert "FAIL api: no JSON is read" in told and "FAIL api: does not count its tokens" in told
    assert "log-probabilities: no; set score.method to text" in told


def test_a_refused_key_and_an_unknown_model_are_told() -> None:
    assert "FAIL api: refuses a plain question (HTTP 401: " in lines(forbidden)
    with pytest.raises(ModelError, match="is not a remote model; expected one of api"):
        list(probe("apo", remote("http://127.0.0.1:1/v1")))
    assert "does not answer" in "".join(said for _, _, said in probe("api", remote("http://127.0.0.1:1/v1")))
