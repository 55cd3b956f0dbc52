"""What is sent to providers, and what they say when they refuse."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Literal

import pytest
from clients import KEY, Pick
from loopback import question
from pydantic import BaseModel, Field

from ultramed.annotation.judge import judgement
from ultramed.curation.score import Difficulty
from ultramed.exam import explained
from ultramed.inference.http.schemas import strict
from ultramed.inference.http.wire import Dialect, refusal
from ultramed.ledger.requests import Request, Sampling, canonical
from ultramed.params.models import ReplyMode
from ultramed.prompts import Prompt

SYSTEM, USER = ("system", "You are a nurse."), ("user", 'Is 37\u202f°C\n"fever"?')
FIXED = {"model": "m", "temperature": 0.0, "top_p": 1.0, "max_tokens": 16, "seed": 1}
SCHEMA = Pick.model_json_schema()


def sent(request: Request, mode: ReplyMode = "json_schema") -> dict[str, Any]:
    return json.loads(Dialect("m", mode).body(request))


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
    made = Dialect("m").body(question("q", reply_type=Pick))
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
    assert json.loads(Dialect('a "quoted"\\name').body(request)) == {
        "model": 'a "quoted"\\name', "messages": [{"role": "user", "content": USER[1]}], "temperature": 1e-5,
        "top_p": 0.95, "max_tokens": 7, "seed": 2**40, "logprobs": True, "top_logprobs": 5}


@pytest.mark.parametrize(("settings", "removed", "added"), [
    ({"max_tokens": "max_completion_tokens"}, {"max_tokens"}, {"max_completion_tokens": 16}),
    ({"temperature": None, "seed": None}, {"temperature", "seed"}, {}),
    ({"temperature": 1}, set(), {"temperature": 1}),
    ({"reasoning_effort": "low", "provider": {"only": ["a"]}}, set(),
     {"reasoning_effort": "low", "provider": {"only": ["a"]}}),
    ({"seed": "random_seed", "top_p": None, "n": 1}, {"seed", "top_p"}, {"random_seed": 1, "n": 1}),
])
def test_parameters_are_renamed_left_out_and_added(
    settings: dict[str, Any], removed: set[str], added: dict[str, Any]
) -> None:
    made = json.loads(Dialect("m", request=settings).body(question("q")))
    del made["messages"]
    assert made == {name: value for name, value in FIXED.items() if name not in removed} | added


def test_what_params_do_not_set_is_not_sent() -> None:
    plain = json.loads(Dialect("m", neutral=False).body(question("q")))
    assert "top_p" not in plain and "top_k" not in plain and "min_p" not in plain
    request = Request("r", "s", Prompt("p", "0" * 16, (USER,)), Sampling(0.5, 7, 1, 0.9, top_k=40, min_p=0.05))
    made = json.loads(Dialect("m", neutral=False).body(request))
    assert (made["top_p"], made["top_k"], made["min_p"]) == (0.9, 40, 0.05)


def test_a_key_is_what_it_was_before_parameters_were_added() -> None:
    asked = {"messages": [{"role": "user", "content": "q"}], "model": "i", "sample": 0, "schema": None, "version": 1,
             "sampling": {"temperature": 0.0, "max_tokens": 16, "seed": 1, "top_p": 1.0, "top_logprobs": 0}}
    assert question("q").key("i") == hashlib.sha256(canonical(asked).encode()).hexdigest()


class Part(BaseModel):
    score: int = Field(ge=1, le=5)
    note: str | None = None


class Whole(BaseModel):
    kind: Literal["a", "b"]
    text: str = Field(default="x", min_length=2, max_length=9, description="what is said")
    parts: list[Part] = Field(min_length=1)
    pair: tuple[int, int]


def test_a_strict_schema_requires_all_allows_no_other_and_says_its_bounds() -> None:
    made = json.loads(Dialect("m", schema="strict").body(question("q", reply_type=Whole)))
    schema = made["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["kind", "text", "parts", "pair"] and schema["additionalProperties"] is False
    assert schema["properties"]["text"] == {
        "type": "string", "description": "what is said, at least 2 characters, at most 9 characters"}
    assert schema["properties"]["pair"] == {"type": "array", "items": {"type": "integer"}, "description":
                                            "at least 2 items, at most 2 items"}
    part = schema["$defs"]["Part"]
    assert part["required"] == ["score", "note"] and part["additionalProperties"] is False
    assert part["properties"]["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert set(_keywords(schema)) <= {"type", "enum", "description", "properties", "required", "additionalProperties",
                                      "items", "anyOf", "$defs", "$ref"}


def _keywords(schema: Any) -> Iterator[str]:
    """All keywords of a schema; names of properties and definitions are none."""
    if isinstance(schema, dict):
        for name, value in schema.items():
            yield name
            named = name in ("properties", "$defs")
            for inner in (value.values() if named else [value]):
                yield from _keywords(inner)
    elif isinstance(schema, list):
        for value in schema:
            yield from _keywords(value)


@pytest.mark.parametrize("kind", [Pick, judgement(4, 200, 5), explained(5, 256), Difficulty])
def test_the_shapes_that_stages_ask_for_can_be_strict(kind: type[BaseModel]) -> None:
    made = strict(kind.model_json_schema())
    assert strict(made) == made, "nothing is left to take out"


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
    (451, error("Unavailable for legal reasons")), (424, "Failed Dependency"),
]
KEYS = [
    (401, error("Incorrect API key provided: sk-wrong. You can find yours at the dashboard.", "invalid_api_key")),
    (401, llama_cpp("Invalid API Key", "authentication_error", 401)),
]
FORBIDDEN = [
    (403, error("Country, region, or territory not supported", "unsupported_country_region_territory")),
    (403, error("Your input was flagged by moderation", 403)), (403, ""),
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
KINDS = {"too_long": TOO_LONG, "no_schema": NO_SCHEMA, "rejected": REJECTED, "key": KEYS, "forbidden": FORBIDDEN,
         "model": MODELS, "account": ACCOUNT, "rate_limited": RATE_LIMITED, "server_error": SERVER_ERROR}


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
