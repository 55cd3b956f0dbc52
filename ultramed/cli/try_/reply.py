"""`ultramed try reply`: what a raw chat completion becomes."""

import json
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from ultramed.annotation.judge import judgement
from ultramed.cli.try_.lines import AsJson, File, each
from ultramed.curation.score import Difficulty
from ultramed.errors import SourceError
from ultramed.exam import explained
from ultramed.inference.ask.structured import read
from ultramed.inference.http import completion, wire
from ultramed.ledger.requests import Answer

MAX_TOKENS = 400  # that the asked reasoning and critiques are bounded by
_SHAPES = "text, exam (with options), score, judge (with candidates)"


def reply(
    file: File,
    shape: Annotated[str, typer.Option("--as", help=f"What was asked for: {_SHAPES}.")] = "text",
    options: Annotated[int, typer.Option(min=2, max=10, help="Options of the exam item.")] = 4,
    candidates: Annotated[int, typer.Option(min=2, max=12, help="Candidates that were judged.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Show value, thinking, failure and usage of raw chat completions: each line is the body of one, or an object with
    `completion` and what was asked, such as {"completion": {…}, "as": "exam", "options": 5}."""
    asked = {"as": shape, "options": options, "candidates": candidates}
    each(file, as_json, lambda given: _look(given["completion"] if "completion" in given else given,
                                            asked | {k: given[k] for k in asked if "completion" in given and k in given}))


def _look(body: Any, asked: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"value": None, "thinking": "", "failure": "", "detail": "", "usage": None}
    kind = _kind(asked)
    try:
        made = completion.reply(json.dumps(body))
    except completion.Malformed as error:
        return result | {"failure": "malformed", "detail": str(error)}
    except completion.ErrorInside as error:
        refusal = wire.refusal(error.status, error.said, shaped=kind is not None)
        return result | {"failure": refusal.kind, "detail": refusal.said}
    value, failure, detail = read(made, kind)
    return result | {
        "value": value.model_dump() if isinstance(value, BaseModel) else value, "failure": failure, "detail": detail,
        "thinking": Answer(None, "", made).thinking,  # type: ignore[arg-type]
        "usage": {"prompt_tokens": made.prompt_tokens, "completion_tokens": made.completion_tokens}}


def _kind(asked: dict[str, Any]) -> type[BaseModel] | None:
    """The shape that the reply must have; None for free text."""
    options, candidates = asked["options"], asked["candidates"]
    letters = len(options) if isinstance(options, list | dict) else int(options)
    match asked["as"]:
        case "text":
            return None
        case "exam":
            return explained(letters, MAX_TOKENS)
        case "score":
            return Difficulty
        case "judge":
            return judgement(int(candidates), MAX_TOKENS, 10)
    raise SourceError(f"--as {asked['as']}", "is not a shape", f"expected one of {_SHAPES}")
