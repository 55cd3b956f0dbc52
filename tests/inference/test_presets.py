"""Endpoints that hold requests to what each provider documents: with its preset, a request is answered."""

import json
from contextlib import nullcontext
from typing import Any

import pytest
from aiohttp import web
from clients import KEY, values
from loopback import Loopback, question, settings

from ultramed.exam import explained
from ultramed.inference.client import Client, remote_target
from ultramed.params import Models, Price, RemoteModel
from ultramed.params.presets import PRESETS

pytestmark = pytest.mark.usefixtures("ledger")
SAID = {"reasoning": "Scurvy is a lack of ascorbic acid.", "answer": "B"}
COMMON = {"model", "messages", "temperature", "max_tokens", "response_format"}
SAMPLING = {"top_p", "seed", "logprobs", "top_logprobs"}
REASONING = {"model", "messages", "max_completion_tokens", "response_format", "reasoning_effort"}
TAKES = {  # body parameters, as documented
    "openai": (COMMON - {"max_tokens"}) | SAMPLING | {"max_completion_tokens"}, "openai-reasoning": REASONING,
    "azure": COMMON | SAMPLING, "azure-reasoning": REASONING, "anthropic": COMMON | {"top_p"} - {"response_format"},
    "google": COMMON | {"top_p"}, "mistral": COMMON | {"top_p", "random_seed"},
    "deepseek": COMMON | {"top_p", "logprobs", "top_logprobs"},
    "openrouter": COMMON | SAMPLING | {"provider", "top_k", "min_p"},
    **dict.fromkeys(("vllm", "sglang", "llama.cpp"), COMMON | SAMPLING | {"top_k", "min_p"}),
    **dict.fromkeys(("ollama", "lmstudio"), COMMON | {"top_p", "seed"}),
}
FORMATS = {"anthropic": {None}, "deepseek": {"json_object", None}}
HEADERS = {"azure": "api-key", "azure-reasoning": "api-key"}


def refused(message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "invalid_request_error"}}, status=400)


def strictness(schema: Any) -> str:
    """What strict mode would complain of in a schema; "" for nothing."""
    if isinstance(schema, list):
        return next(filter(None, map(strictness, schema)), "")
    if not isinstance(schema, dict):
        return ""
    if "properties" in schema:
        if schema.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false"
        if set(schema.get("required", [])) != set(schema["properties"]):
            return "'required' is required to be an array including every key in properties"
    if unknown := {"minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems", "default"} & schema.keys():
        return f"{unknown} are not permitted"
    return next(filter(None, map(strictness, schema.values())), "")


def provider(preset: str) -> Any:
    async def plan(body: dict[str, Any], _: int) -> web.Response:
        if unknown := body.keys() - TAKES[preset]:
            return refused(f"Unsupported parameter: {', '.join(sorted(unknown))}")
        form = body.get("response_format") or {}
        if form.get("type") not in FORMATS.get(preset, {"json_schema", None}):
            return refused(f"response_format {form.get('type')} is not supported")
        own = PRESETS[preset].get("schema_dialect") == "full"
        if not own and (complaint := strictness(form.get("json_schema", {}).get("schema"))):
            return refused(f"Invalid schema for response_format: {complaint}")
        if own and body.get("top_p") != 1.0:
            return refused("top_p is not what was asked for")  # the server has a default of its own
        shaped = form or "JSON schema" in body["messages"][-1]["content"]
        return web.json_response({"choices": [{"message": {"content": json.dumps(SAID) if shaped else "Vitamin C"},
                                               "finish_reason": "stop"}],
                                  "usage": {"prompt_tokens": 20, "completion_tokens": 9}})
    return plan


@pytest.mark.parametrize("preset", PRESETS)
def test_with_its_preset_a_provider_answers_text_and_json(preset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Loopback(provider(preset)) as server:
        model = RemoteModel.model_validate({
            "preset": preset, "base_url": server.address, "model": "m", "revision": "1", "rights": "open",
            "price": Price(prompt=0.0, completion=0.0)})
        if model.api_key_env:
            monkeypatch.setenv(model.api_key_env, KEY)
        given = settings().model_copy(update={"models": Models(local={}, remote={"api": model})})
        asker = Client("api", "trial", lambda: nullcontext(remote_target("api", model)), "identity", given)
        try:
            answers = list(asker.ask([question("q"), question("json", reply_type=explained(3, 200))]))
        finally:
            asker.close()
    assert [a.failure for a in answers] == ["", ""], [a.detail for a in answers]
    assert values(answers)[0] == "Vitamin C" and answers[1].value.answer == "B"
    if model.api_key_env:
        header = HEADERS.get(preset, "Authorization")
        assert server.headers[0][header] == (KEY if header == "api-key" else f"Bearer {KEY}")


def test_every_preset_has_a_provider_here() -> None:
    assert TAKES.keys() == PRESETS.keys()
