"""`ultramed try reply`: what a raw chat completion becomes."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ultramed.cli import commands
from ultramed.errors import SourceError


def body(content: Any, **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"content": content, **more}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5}}


def tried(path: Path, *lines: Any, more: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n\n")
    result = CliRunner().invoke(commands, ["try", "reply", str(path), "--json", *more])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return [json.loads(line) for line in result.output.splitlines()]


def test_free_text_thinking_and_usage_are_shown_apart(tmp_path: Path) -> None:
    (one,) = tried(tmp_path / "a.jsonl", body("<think>hm</think>Rest.", reasoning_content="so"))
    assert one == {"value": "Rest.", "thinking": "so\n\nhm", "failure": "", "detail": "",
                   "usage": {"prompt_tokens": 10, "completion_tokens": 5}}


def test_a_line_may_say_what_was_asked(tmp_path: Path) -> None:
    said = '{"reasoning": "Calf swelling after a flight points to a clot.", "answer": "B"}'
    exam, beyond, score = tried(
        tmp_path / "a.jsonl", {"completion": body(said), "as": "exam", "options": 4},
        {"completion": body(said.replace('"B"', '"E"')), "as": "exam", "options": {"A": "x", "B": "y", "C": "z"}},
        {"completion": body('{"justification": "j", "score": true}'), "as": "score"})
    assert exam["value"]["answer"] == "B" and exam["failure"] == ""
    assert (beyond["value"], beyond["failure"], score["value"], score["failure"]) == (None, "invalid", None, "invalid")


def test_errors_and_what_is_no_completion_have_their_kind(tmp_path: Path) -> None:
    slow, nothing, cut = tried(tmp_path / "a.jsonl", {"error": {"code": 429, "message": "slow"}}, {"id": 3},
                               {"choices": [{"message": {"content": "half"}, "finish_reason": "MAX_TOKENS"}]})
    assert [slow["failure"], nothing["failure"], cut["failure"]] == ["rate_limited", "malformed", "truncated"]


def test_a_line_that_is_none_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.jsonl:1: is not a JSON object"):
        tried(tmp_path / "a.jsonl", [1])
    with pytest.raises(SourceError, match="is not a shape; expected one of text, exam"):
        tried(tmp_path / "a.jsonl", body("x"), more=("--as", "letters"))
    with pytest.raises(SourceError, match="cannot be read"):
        CliRunner().invoke(commands, ["try", "reply", str(tmp_path / "no")], catch_exceptions=False)
