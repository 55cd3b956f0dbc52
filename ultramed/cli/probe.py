"""`ultramed doctor --probe`: two cheap questions to a remote model, and which of its settings fit."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPException
from typing import Any

from ultramed.cli.endpoints import send
from ultramed.errors import ModelError
from ultramed.exam import explained
from ultramed.inference.ask.structured import read
from ultramed.inference.client import remote_target
from ultramed.inference.http import completion, wire
from ultramed.inference.http.endpoint import Target
from ultramed.ledger.requests import Answer, Reply, Request, Sampling
from ultramed.params import Params
from ultramed.params.models import ReplyMode
from ultramed.prompts import Prompt

WAIT_S = 120.0
MAX_TOKENS = 1024  # room for a model that thinks; a short answer costs a few of them
TEXT = "Which vitamin prevents scurvy? Answer in one word."
EXAM = ("Which vitamin prevents scurvy?\n\nA. Vitamin A\nB. Vitamin C\nC. Vitamin D\n\nReply with one JSON object: "
        '{"reasoning": one sentence, "answer": the letter}')
_OPTIONAL = ("top_logprobs", "logprobs", "seed", "temperature", "top_p", "max_tokens")
_MODES: tuple[ReplyMode, ...] = ("json_schema", "json_object", "text")


@dataclass
class Fit:
    """What was learnt of an endpoint."""

    target: Target
    changed: dict[str, Any] = field(default_factory=dict)  # parameters that it does not take as they are


def probe(name: str, settings: Params) -> Iterator[tuple[bool, str, str]]:
    """Findings (passed?, what, result) about a model under `models.remote`. Raises ModelError for any other name."""
    model = settings.models.remote.get(name)
    if model is None:
        raise ModelError(f"--probe {name}", "is not a remote model",
                         f"expected one of {', '.join(settings.models.remote) or 'models.remote, which is empty'}")
    fit = Fit(remote_target(name, model))
    try:
        reply = _ask(fit, TEXT, None)
        if isinstance(reply, wire.Refusal):
            yield False, "probe", f"{name}: refuses a plain question ({reply.said})"
            return
        yield from _about(name, reply)
        mode = next((mode for mode in _modes(model.replies) if _reads(fit, mode)), None)
    except (OSError, HTTPException, ValueError) as error:
        yield False, "probe", f"{name}: does not answer ({getattr(error, 'reason', error)})"
        return
    yield mode is not None, "probe", f"{name}: " + (f"JSON is read with replies: {mode}" if mode else "no JSON is read")
    fitting: dict[str, Any] = {} if mode in (None, model.replies) else {"replies": mode}
    if fit.changed:
        fitting["request"] = {**model.request, **fit.changed}
    if fitting:
        yield False, "probe", f"{name}: set under models.remote.{name}: {json.dumps(fitting)}"


def _modes(stated: ReplyMode) -> list[ReplyMode]:
    """The stated mode first."""
    return [stated, *(mode for mode in _MODES if mode != stated)]


def _about(name: str, reply: Reply) -> Iterator[tuple[bool, str, str]]:
    value, failure, detail = read(reply, None)
    thinking = Answer(None, "", reply).thinking  # type: ignore[arg-type]
    yield not failure, "probe", f"{name}: " + (f"{failure}: {detail}" if failure else f"answers '{str(value)[:60]}'")
    yield True, "probe", f"{name}: " + (
        f"thinks ({len(thinking)} characters): give max_tokens room for it" if thinking else "does not think aloud")
    yield True, "probe", f"{name}: log-probabilities: {'yes' if reply.logprobs else 'no; set score.method to text'}"
    counted = reply.prompt_tokens and reply.completion_tokens
    yield bool(counted), "probe", f"{name}: " + (
        f"counts {reply.prompt_tokens} + {reply.completion_tokens} tokens" if counted
        else "does not count its tokens: each reply is charged at the most it may cost")


def _reads(fit: Fit, mode: ReplyMode) -> bool:
    """Whether a JSON reply in this mode has the asked shape."""
    kind = explained(3, MAX_TOKENS)
    trial = Fit(replace(fit.target, dialect=replace(fit.target.dialect, mode=mode)), fit.changed)
    reply = _ask(trial, EXAM, kind)
    return not isinstance(reply, wire.Refusal) and not read(reply, kind)[1]


def _ask(fit: Fit, question: str, kind: Any) -> Reply | wire.Refusal:
    """The reply; a parameter that the endpoint complains of is renamed or left out, and noted."""
    prompt = Prompt("probe", "0" * 16, (("user", question),))
    sampling = Sampling(0.0, MAX_TOKENS, 1, top_logprobs=0 if kind else 5)
    request = Request("probe", "probe", prompt, sampling, kind)
    for _ in range(len(_OPTIONAL) + 1):
        dialect = replace(fit.target.dialect, request=fit.target.dialect.request | fit.changed)
        status, text = send(fit.target, fit.target.base_urls[0], dialect.body(request), "chat/completions", WAIT_S)
        try:
            if status == 200:
                return completion.reply(text)
            refusal = wire.refusal(status, text, shaped=kind is not None)
        except completion.ErrorInside as error:
            refusal = wire.refusal(error.status, error.said, shaped=kind is not None)
        except completion.Malformed as error:
            return wire.Refusal("rejected", str(error))
        unwanted = next((p for p in _OPTIONAL if p in refusal.said and p not in fit.changed), None)
        if refusal.kind not in ("rejected", "no_schema") or unwanted is None:
            return refusal
        other = "max_completion_tokens" in refusal.said and unwanted == "max_tokens"
        fit.changed[unwanted] = "max_completion_tokens" if other else None
    return refusal
