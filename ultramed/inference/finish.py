"""How a reply ended, by the words that providers and servers use for it."""

from typing import Literal

Ending = Literal["finished", "truncated", "refused", "failed"]

_WORDS: dict[Ending, str] = {
    "finished": "stop eos eos_token end_turn end_of_turn stop_sequence stop_string finished finish complete completed "
                "done normal none null",
    "truncated": "length max_tokens max_output_tokens max_completion_tokens model_length max_length max_model_len "
                 "token_limit context_length context_length_exceeded context_window_exceeded "
                 "model_context_window_exceeded incomplete",
    "refused": "content_filter content_filtered content_filter_results safety image_safety recitation "
               "prohibited_content blocklist spii refusal refused sensitive moderation flagged guardrail "
               "guardrail_intervened guardrails policy_violation",
    "failed": "error abort aborted cancelled canceled cancel timeout network_error server_error engine_error "
              "insufficient_system_resource malformed_function_call malformed_response unexpected_tool_call "
              "tool_calls tool_use function_call pause_turn other language finish_reason_unspecified unknown",
}
_ENDINGS: dict[str, Ending] = {word: ending for ending, words in _WORDS.items() for word in words.split()}


def ending(reason: str) -> Ending:
    """What a finish reason means. A word that nobody knows counts as failed: half an answer is never a value."""
    return _ENDINGS.get(reason.strip().lower().replace("-", "_").replace(" ", "_") or "none", "failed")
