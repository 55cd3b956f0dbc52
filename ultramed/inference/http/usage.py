"""Tokens that a completion is charged for, from the usage blocks that providers send.

They agree on little: reasoning is counted among the completion's tokens (OpenAI) or beside them (xAI), the prompt's
cached tokens within (OpenAI) or beside (Anthropic), under several names; some send nothing.
"""

from typing import Any

_PROMPT = ("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_eval_count")
_COMPLETION = ("completion_tokens", "output_tokens", "candidatesTokenCount", "eval_count")
_TOTAL = ("total_tokens", "totalTokenCount")
_CACHED_BESIDE = ("cache_creation_input_tokens", "cache_read_input_tokens")  # Anthropic's own names
_THOUGHT_BESIDE = ("thoughtsTokenCount",)  # Google's own name
_DETAILS = ("completion_tokens_details", "output_tokens_details")


def tokens(completion: dict[str, Any]) -> tuple[int, int]:
    """(prompt, completion) tokens; 0 where the endpoint does not say. What it counts in a total alone belongs to the
    completion, which is never cheaper."""
    usage = _block(completion)
    prompt = _first(usage, _PROMPT) + (sum(_count(usage, n) for n in _CACHED_BESIDE) if "input_tokens" in usage else 0)
    written = _first(usage, _COMPLETION) + sum(_count(usage, n) for n in _THOUGHT_BESIDE)
    details = next((d for n in _DETAILS if isinstance(d := usage.get(n), dict)), {})
    reasoning = max(_count(details, "reasoning_tokens"), _count(usage, "reasoning_tokens"))
    if reasoning > written:
        written += reasoning
    return prompt, max(written, _first(usage, _TOTAL) - prompt)


def _block(completion: dict[str, Any]) -> dict[str, Any]:
    """The usage block: at the top, in the choice (Moonshot), or under a name of the provider's (Groq)."""
    choices = completion.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    for holder in (completion, choice, completion.get("x_groq")):
        if isinstance(holder, dict) and isinstance(usage := holder.get("usage"), dict) and usage:
            return usage
    usage = completion.get("usageMetadata")
    return usage if isinstance(usage, dict) else completion if "eval_count" in completion else {}


def _first(usage: dict[str, Any], names: tuple[str, ...]) -> int:
    return next((count for name in names if (count := _count(usage, name))), 0)


def _count(usage: dict[str, Any], name: str) -> int:
    """A number of tokens; 0 for what is none."""
    value = usage.get(name)
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value[:18])
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e12
    return int(value) if sound and value is not None else 0
