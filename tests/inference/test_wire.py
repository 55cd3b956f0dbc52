"""What goes over the wire: bodies, replies, and what providers say when they refuse."""

import json
from typing import Any

import pytest
from clients import KEY, Pick
from loopback import question

from ultramed.inference.http.wire import Malformed, body, refusal, reply
from ultramed.ledger.requests import Reply, Request, Sampling
from ultramed.params.models import ReplyMode
from ultramed.prompts import Prompt

SYSTEM, USER = ("system", "You are a nurse."), ("user", 'Is 37\u202f°C\n"fever"?')
FIXED = {"model": "m", "temperature": 0.0, "top_p": 1.0, "max_tokens": 16, "seed": 1}
SCHEMA = Pick.model_json_schema()


def sent(request: Request, mode: ReplyMode = "json_schema") -> dict[str, Any]:
    return json.loads(body(request, "m", mode))


def completion(text: Any = "x", **more: Any) -> bytes:
    return json.dumps({"choices": [{"message": {"content": text}, **more}]}).encode()


def error(message: str, code: Any = None, kind: str = "invalid_request_error") -> str:
    """An error in OpenAI's form, which many others copy."""
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}, indent=2)


def vllm(message: str, code: int = 400) -> str:
    return json.dumps({"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": code})


def llama_cpp(message: str, kind: str, code: int = 400, **more: int) -> str:
    return json.dumps({"error": {"code": code, "message": message, "type": kind, **more}})


@pytest.mark.parametrize("mode", ["json_schema", "json_object", "text"])
def test_free_text_is_asked_for_alike_in_all_modes(mode: ReplyMode) -> None:
    assert sent(question("q"), mode) == {**FIXED, "messages": [{"role": "user", "content": "q"}]}


def test_a_schema_is_sent_with_its_fields_in_their_order() -> None:
    made = body(question("q", reply_type=Pick), "m")
    shape = {"name": "Pick", "strict": True, "schema": SCHEMA}
    assert json.loads(made)["response_format"] == {"type": "json_schema", "json_schema": shape}
    assert json.dumps(SCHEMA) in made
    assert json.loads(made)["messages"] == [{"role": "user", "content": "q"}]


@pytest.mark.parametrize(("mode", "more"), [
    ("json_object", {"response_format": {"type": "json_object"}}), ("text", {}),
])
def test_where_no_schema_is_taken_the_last_turn_says_what_is_wanted(mode: ReplyMode, more: dict[str, Any]) -> None:
    request = Request("r", "s", Prompt("p", "0" * 16, (SYSTEM, USER)), Sampling(0.0, 16, 1), Pick)
    made = sent(request, mode)
    first, last = made.pop("messages")
    assert made == {**FIXED, **more}
    assert first == {"role": "system", "content": SYSTEM[1]}
    words, schema = last["content"].split(": ", 1)
    assert words == f"{USER[1]}\n\nReply with one JSON object and nothing else. Its JSON schema"
    assert (last["role"], json.loads(schema)) == ("user", SCHEMA)


def test_what_is_told_to_a_model_is_no_part_of_what_was_asked() -> None:
    request = question("q", reply_type=Pick)
    before = request.key("i"), request.turns
    sent(request, "text")
    assert (request.key("i"), request.turns) == before


def test_sampling_and_names_survive_as_json() -> None:
    request = Request("r", "s", Prompt("p", "0" * 16, (USER,)), Sampling(1e-5, 7, 2**40, 0.95, top_logprobs=5))
    assert json.loads(body(request, 'a "quoted"\\name')) == {
        "model": 'a "quoted"\\name', "messages": [{"role": "user", "content": USER[1]}], "temperature": 1e-5,
        "top_p": 0.95, "max_tokens": 7, "seed": 2**40, "logprobs": True, "top_logprobs": 5}


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
    (completion("a \ud83d b", finish_reason="\udc00"), Reply("a ? b", "?", "", 0, 0)),
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
    b'{"error": "overloaded"}', completion(3), completion(["x"]), completion(logprobs=[]) + b"}",
    completion(logprobs={"content": [{"top_logprobs": None}]}), completion(logprobs={"content": [3]}),
    b'{"choices": [{"message": {"content": "x"}}], "model": 3}',
    pytest.param(b'{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": "ten"}}', id="tokens"),
    pytest.param(b"[" * 100_000, id="depth"),
])
def test_what_is_no_completion_is_malformed_and_nothing_else(raw: bytes) -> None:
    with pytest.raises(Malformed, match=r"^a body that is no chat completion, \w+: "):
        reply(raw)


TOO_LONG = [
    (400, error("This model's maximum context length is 8192 tokens. However, your messages resulted in 9012 tokens. "
                "Please reduce the length of the messages.", "context_length_exceeded")),
    (400, error("Your input exceeds the context window of this model. Please adjust your input and try again.")),
    (400, vllm("This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the "
               "messages, 1000 in the completion). Please reduce the length of the messages or completion.")),
    (400, vllm("'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is "
               "4096 tokens and your request has 100 input tokens (5000 > 4096 - 100).")),
    (400, vllm("The decoder prompt (length 21535) is longer than the maximum model length of 16384.")),
    (400, llama_cpp("request (5012 tokens) exceeds the available context size (4096 tokens), try increasing it",
                    "exceed_context_size_error", n_prompt_tokens=5012, n_ctx=4096)),
    (400, llama_cpp("the request exceeds the available context size. try increasing the context size or enable "
                    "context shift", "invalid_request_error")),
    (413, error("prompt is too long: 210000 tokens > 200000 maximum")),
    (422, vllm("Requested token count exceeds the model's maximum context length of 32768 tokens.", 422)),
]
NO_SCHEMA = [
    (400, error("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model. Learn "
                "more about supported models at the Structured Outputs guide.")),
    (400, error("This response_format type is unavailable now")),
    (400, llama_cpp("Failed to initialize samplers: failed to parse grammar", "invalid_request_error")),
    (400, vllm("The provided JSON schema contains features not supported by xgrammar.")),
    (422, json.dumps({"detail": [{"loc": ["body", "response_format", "type"], "msg": "unexpected value"}]})),
]
REJECTED = [
    (400, error("Invalid value for 'temperature': expected at most 2.")), (413, "Request Entity Too Large"), (422, ""),
    (400, error("The response was filtered due to the prompt triggering our content policy.", "content_filter")),
]
KEYS = [
    (401, error("Incorrect API key provided: sk-wrong. You can find yours at the dashboard.", "invalid_api_key")),
    (403, error("Country, region, or territory not supported", "unsupported_country_region_territory")),
    (401, llama_cpp("Invalid API Key", "authentication_error", 401)),
]
MODELS = [
    (404, error("The model `gpt-9` does not exist or you do not have access to it.", "model_not_found")),
    (404, vllm("The model `m` does not exist.", 404)), (404, '{"detail":"Not Found"}'),
]
ACCOUNT = [
    (429, error("You exceeded your current quota, please check your plan and billing details.", "insufficient_quota",
                "insufficient_quota")),
    (429, error("Your credit balance is too low to access the API.")), (402, error("Insufficient Balance")),
    (405, "Method Not Allowed"),
]
RATE_LIMITED = [
    (429, ""), (429, "Too Many Requests"),
    (429, error("Rate limit reached for gpt-4o-mini in organization org-x on tokens per min (TPM): Limit 200000, Used "
                "190000, Requested 20000. Please try again in 3s.", "rate_limit_exceeded", "tokens")),
    (429, error("Rate limit reached for model `llama-3.1-8b-instant` in organization `org_01j5b4pz9jff492fq686vypsx6` "
                "service tier `on_demand` on tokens per minute (TPM): Limit 6000, Used 5034, Requested 1443. Please "
                "try again in 4.77s. Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/"
                "billing", "rate_limit_exceeded", "tokens")),
    (429, json.dumps([{"error": {
        "code": 429, "message": "You exceeded your current quota, please check your plan and billing details. For more "
        "information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.",
        "status": "RESOURCE_EXHAUSTED", "details": [{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier"}]}]}}])),
]
SERVER_ERROR = [
    (500, error("The server had an error while processing your request. Sorry about that!", kind="server_error")),
    (503, llama_cpp("Loading model", "unavailable_error", 503)), (502, "<html>Bad Gateway</html>"), (529, "Overloaded"),
    (500, vllm("EngineCore encountered an issue. This model's maximum context length …", 500)), (408, ""), (425, ""),
]
KINDS = {"too_long": TOO_LONG, "no_schema": NO_SCHEMA, "rejected": REJECTED, "key": KEYS, "model": MODELS,
         "account": ACCOUNT, "rate_limited": RATE_LIMITED, "server_error": SERVER_ERROR}


@pytest.mark.parametrize(("kind", "status", "text"), [
    pytest.param(kind, *given, id=f"{kind}-{n}") for kind, all_of in KINDS.items() for n, given in enumerate(all_of)
])
def test_what_providers_say_is_understood(kind: str, status: int, text: str) -> None:
    refused = refusal(status, text)
    assert refused.kind == kind
    assert refused.said.startswith(f"HTTP {status}: ") and "\n" not in refused.said and len(refused.said) <= 310


@pytest.mark.parametrize("before", ["", "x" * 285, "word \n" * 40])
def test_the_key_is_struck_out_wherever_it_stands(before: str) -> None:
    """Even where truncation would cut it in two."""
    said = refusal(401, f"{before}{KEY} is no key; {KEY}", KEY).said
    assert KEY[:8] not in said and KEY[-8:] not in said and "***" in said
