"""Completions as they come over the line: the reply, or the error, and never a mixture."""

import json
from typing import Any

import pytest

from ultramed.inference.finish import ending
from ultramed.inference.http.completion import ErrorInside, Malformed, reply
from ultramed.inference.http.usage import tokens
from ultramed.ledger.requests import Answer, Reply


def completion(text: Any = "x", **more: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}, **more}]}).encode()


def message(**fields: Any) -> bytes:
    return json.dumps({"choices": [{"message": fields, "finish_reason": "stop"}]}).encode()


def test_a_whole_completion_is_read() -> None:
    tokens = [{"token": "A", "logprob": -0.1, "top_logprobs": [
        {"token": "A", "logprob": -0.12345678}, {"token": "\ud83d", "logprob": -2.5}]}]
    choice = {"message": {"content": " x\n"}, "finish_reason": "length", "logprobs": {"content": tokens}}
    usage = {"prompt_tokens": 10, "completion_tokens": 2}
    raw = json.dumps({"choices": [choice], "model": "served", "usage": usage})
    assert reply(raw) == reply(raw.encode()) == Reply(" x\n", "length", "served", 10, 2, [{"A": -0.123457, "?": -2.5}])


@pytest.mark.parametrize(("raw", "read"), [
    (completion(), Reply("x", "stop", "", 0, 0)),
    (completion(None), Reply("", "stop", "", 0, 0)),
    (completion(logprobs=None, finish_reason=None), Reply("x", "stop", "", 0, 0)),
    (completion(logprobs={"content": None}), Reply("x", "stop", "", 0, 0)),
    (completion("a \ud83d b", finish_reason="stop"), Reply("a ? b", "stop", "", 0, 0)),
    (b'{"choices": [{"message": {}}], "usage": null, "model": null}', Reply("", "stop", "", 0, 0)),
    (b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": null}}', Reply("x", "stop", "", 0, 0)),
    (b' \n{"choices": [{"message": {"content": "\xe2\x82\xac"}}, 3]}', Reply("\u20ac", "stop", "", 0, 0)),
])
def test_what_a_completion_leaves_out_or_spoils_is_no_trouble(raw: bytes, read: Reply) -> None:
    assert reply(raw) == read
    reply(raw).text.encode()


@pytest.mark.parametrize("raw", [
    b"", b"null", b"[]", b"7", b"<html>502</html>", b"\xff\xfe\x00", b'{"choices": [', b"{}", b'{"choices": []}',
    b'{"choices": {}}', b'{"choices": [null]}', b'{"choices": [{}]}', b'{"choices": [{"message": null}]}',
    completion(3), completion([3]), completion(logprobs=[]) + b"}",
    completion(logprobs={"content": [{"top_logprobs": None}]}), completion(logprobs={"content": [3]}),
    pytest.param(b"[" * 100_000, id="depth"),
])
def test_what_is_no_completion_is_malformed_and_nothing_else(raw: bytes) -> None:
    with pytest.raises(Malformed, match=r"^a body that is no chat completion, \w+: "):
        reply(raw)


@pytest.mark.parametrize(("content", "text", "thinking"), [
    ([{"type": "text", "text": "Rest"}, {"type": "text", "text": " it."}], "Rest it.", ""),
    ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Rest."}],
     "Rest.", "hm"),
    ([{"type": "reasoning", "reasoning": "hm"}, {"type": "output_text", "text": "Rest."}], "Rest.", "hm"),
    (["Rest", {"text": "."}], "Rest.", ""), ({"type": "text", "text": "Rest."}, "Rest.", ""), ([], "", ""),
])
def test_content_in_parts_is_joined_and_thinking_kept_apart(content: Any, text: str, thinking: str) -> None:
    read = reply(completion(content))
    assert (read.text, read.thinking) == (text, thinking)


@pytest.mark.parametrize("fields", [
    {"reasoning_content": "hm"}, {"reasoning": "hm"}, {"thinking": "hm"},
    {"reasoning": "hm", "reasoning_content": "hm"},
    {"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, {"reasoning": {"text": "hm"}},
    {"thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "x"}], "reasoning_content": None},
])
def test_thinking_in_a_field_of_its_own_is_no_part_of_the_text(fields: dict[str, Any]) -> None:
    read = reply(message(content="Rest.", **fields))
    assert (read.text, read.thinking) == ("Rest.", "hm")


def test_an_answer_shows_thinking_from_both_places_apart_from_its_text() -> None:
    given = Reply("<think>so</think>\nRest.", "stop", "m", 1, 1, thinking="hm")
    answer = Answer(None, "k", given)  # type: ignore[arg-type]
    assert (answer.text, answer.thinking) == ("Rest.", "hm\n\nso")


def test_a_reply_without_thinking_has_the_hash_it_always_had() -> None:
    assert "thinking" not in Reply("x", "stop", "m", 1, 1).record
    assert Reply("x", "stop", "m", 1, 1).hash != Reply("x", "stop", "m", 1, 1, thinking="hm").hash


def test_a_structured_refusal_is_one() -> None:
    read = reply(message(content=None, refusal="I cannot help with that."))
    assert (read.text, ending(read.finish_reason)) == ("I cannot help with that.", "refused")


@pytest.mark.parametrize(("body", "status"), [
    ({"error": "overloaded"}, 502), ({"error": {"message": "slow down", "code": 429}}, 429),
    ({"error": {"message": "x", "code": "429"}}, 429), ({"error": {"message": "x", "type": "rate_limit_error"}}, 429),
    ({"error": {"message": "x", "code": "insufficient_quota"}}, 402),
    ({"error": {"status": "RESOURCE_EXHAUSTED"}}, 429), ({"error": {"type": "overloaded_error"}}, 503),
    ({"error": {"message": "x", "code": "context_length_exceeded"}}, 400),
    ({"error": {"message": "flagged", "code": "content_policy_violation"}}, 451), ({"error": {"code": 1234}}, 502),
    ({"choices": [{"error": {"message": "upstream", "code": 503}, "message": {"content": "half"}}]}, 503),
    ({"choices": [{"finish_reason": "error", "message": {"content": "half"}}]}, 502),
    ({"choices": [{"finish_reason": "abort", "message": {"content": "half"}}]}, 502),
    ({"choices": [{"finish_reason": "insufficient_system_resource", "message": {"content": "half"}}]}, 502),
])
def test_an_error_with_status_200_is_that_error(body: dict[str, Any], status: int) -> None:
    with pytest.raises(ErrorInside) as caught:
        reply(json.dumps(body))
    assert caught.value.status == status


@pytest.mark.parametrize(("means", "reasons"), [
    ("finished", ["stop", "STOP", "eos", "end_turn", "stop_sequence", "", "null", "complete"]),
    ("truncated", ["length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens", "incomplete"]),
    ("refused", ["content_filter", "SAFETY", "RECITATION", "refusal", "content_filter: PROHIBITED_CONTENT"]),
    ("failed", ["error", "abort", "insufficient_system_resource", "tool_calls", "something new"]),
])
def test_finish_reasons_are_known(means: str, reasons: list[str]) -> None:
    assert {ending(reason.split(":")[0]) for reason in reasons} == {means}


def test_the_finish_reason_behind_a_router_counts_where_it_is_worse() -> None:
    assert reply(completion(finish_reason="stop", native_finish_reason="MAX_TOKENS")).finish_reason == "MAX_TOKENS"
    assert reply(completion(finish_reason="stop", native_finish_reason="whatever")).finish_reason == "stop"


@pytest.mark.parametrize(("usage", "prompt", "written"), [
    ({"prompt_tokens": 10, "completion_tokens": 5}, 10, 5),
    ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, 10, 5),
    ({"prompt_tokens": 10, "completion_tokens": 90, "completion_tokens_details": {"reasoning_tokens": 80}}, 10, 90),
    ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 95, "completion_tokens_details":
      {"reasoning_tokens": 80}}, 10, 85),  # beside: 95 - 10
    ({"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 80}}, 10, 85),
    ({"prompt_tokens": 10, "completion_tokens": 5, "reasoning_tokens": 80}, 10, 85),
    ({"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 100}, 110, 5),
    ({"prompt_tokens": 110, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 100}}, 110, 5),
    ({"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 80, "totalTokenCount": 95}, 10, 85),
    ({"total_tokens": 95}, 0, 95), ({}, 0, 0), (None, 0, 0), ([], 0, 0), ("many", 0, 0),
    ({"prompt_tokens": "10", "completion_tokens": "5"}, 10, 5),
    ({"prompt_tokens": 10.0, "completion_tokens": 5.0}, 10, 5),
    ({"prompt_tokens": -10, "completion_tokens": True}, 0, 0),
    ({"prompt_tokens": "ten", "completion_tokens": {"n": 5}}, 0, 0),
    ({"prompt_tokens": 10, "completion_tokens": None}, 10, 0),
    ({"prompt_tokens": float("inf"), "completion_tokens": float("nan")}, 0, 0),
])
def test_tokens_are_counted_as_they_are_charged(usage: Any, prompt: int, written: int) -> None:
    assert tokens({"usage": usage}) == (prompt, written)


@pytest.mark.parametrize("body", [
    {"choices": [{"usage": {"prompt_tokens": 10, "completion_tokens": 5}}]},
    {"usage": None, "x_groq": {"usage": {"prompt_tokens": 10, "completion_tokens": 5}}},
    {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5}}, {"prompt_eval_count": 10, "eval_count": 5},
])
def test_usage_is_found_where_providers_put_it(body: dict[str, Any]) -> None:
    assert tokens(body) == (10, 5)
