"""What the usual providers and servers need, so that `preset: mistral` is enough. Each as its documentation had it in
2026; `ultramed doctor --probe` tries it."""

from typing import Annotated, Any

from pydantic import AfterValidator

_REASONING = {"max_tokens": "max_completion_tokens", "temperature": None, "top_p": None, "seed": None, "logprobs": None,
              "top_logprobs": None}
_NO_LOGPROBS = {"logprobs": None, "top_logprobs": None}
_OWN_SERVER = {"schema_dialect": "full", "neutral": True, "provider": "self-hosted",
               "price": {"prompt": 0.0, "completion": 0.0}}

PRESETS: dict[str, dict[str, Any]] = {
    "openai": {
        "provider": "openai", "base_url": "https://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY",
        "request": {"max_tokens": "max_completion_tokens"}},
    "openai-reasoning": {
        "provider": "openai", "base_url": "https://api.openai.com/v1", "api_key_env": "OPENAI_API_KEY",
        "request": _REASONING},
    "azure": {"provider": "azure", "api_key_env": "AZURE_OPENAI_API_KEY", "api_key_header": "api-key"},
    "azure-reasoning": {
        "provider": "azure", "api_key_env": "AZURE_OPENAI_API_KEY", "api_key_header": "api-key", "request": _REASONING},
    "anthropic": {  # its compatible endpoint passes over response_format and seed
        "provider": "anthropic", "base_url": "https://api.anthropic.com/v1", "api_key_env": "ANTHROPIC_API_KEY",
        "replies": "text", "request": {"seed": None, **_NO_LOGPROBS}},
    "google": {
        "provider": "google", "base_url": "https://generativelanguage.googleapis.com/v1beta/openai",
        "api_key_env": "GEMINI_API_KEY", "request": {"seed": None, **_NO_LOGPROBS}},
    "mistral": {
        "provider": "mistral", "base_url": "https://api.mistral.ai/v1", "api_key_env": "MISTRAL_API_KEY",
        "request": {"seed": "random_seed", **_NO_LOGPROBS}},
    "deepseek": {
        "provider": "deepseek", "base_url": "https://api.deepseek.com/v1", "api_key_env": "DEEPSEEK_API_KEY",
        "replies": "json_object", "request": {"seed": None}},
    "openrouter": {
        "provider": "openrouter", "base_url": "https://openrouter.ai/api/v1", "api_key_env": "OPENROUTER_API_KEY",
        "request": {"provider": {"require_parameters": True}}},
    "vllm": _OWN_SERVER | {"base_url": "http://127.0.0.1:8000/v1"},
    "sglang": _OWN_SERVER | {"base_url": "http://127.0.0.1:30000/v1"},
    "llama.cpp": _OWN_SERVER | {"base_url": "http://127.0.0.1:8080/v1"},
    "ollama": _OWN_SERVER | {"base_url": "http://127.0.0.1:11434/v1", "request": _NO_LOGPROBS},
    "lmstudio": _OWN_SERVER | {"base_url": "http://127.0.0.1:1234/v1", "request": _NO_LOGPROBS},
}


def _known(name: str) -> str:
    if name not in PRESETS:
        raise ValueError(f"unknown preset '{name}'; expected one of {', '.join(PRESETS)}")
    return name


Preset = Annotated[str, AfterValidator(_known)]


def filled(given: Any) -> Any:
    """A remote model's settings with those of its preset; `request` is merged by parameter."""
    if not isinstance(given, dict) or given.get("preset") not in PRESETS:
        return given
    preset = PRESETS[given["preset"]]
    request = {**preset.get("request", {}), **(given.get("request") or {})}
    return {**preset, **given} | ({"request": request} if request else {})
