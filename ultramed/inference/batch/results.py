"""Results of a finished batch: replies go into the ledger, failed lines are returned by key with the reason."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ultramed.inference.ask.costs import Terms
from ultramed.inference.ask.flow import Failures
from ultramed.inference.batch.api import BatchApi
from ultramed.inference.batch.file import BatchInput
from ultramed.inference.http import completion, wire
from ultramed.inference.http.endpoint import api_key
from ultramed.ledger.budget import nano
from ultramed.ledger.ledger import Ledger, LedgerEntry

if TYPE_CHECKING:
    from openai.types import Batch

COMMIT = 500  # replies in one transaction


@dataclass
class BatchResult:
    """Results of one batch."""

    bought: int = 0  # replies
    spent: int = 0  # billionths of a USD
    failures: Failures = field(default_factory=dict)
    problem: str = ""  # why the provider did not start the batch


def collect(terms: Terms, ledger: Ledger, api: BatchApi, batch: "Batch", file: Path) -> BatchResult:
    """Record the replies of a batch whose requests are in `file`; lines that answer none of them are ignored."""
    if not file.exists():  # lost in a power cut, or made on another machine: the provider has a copy
        file.write_bytes(b"".join(api.lines(batch.input_file_id)))
    requests, result = BatchInput(file), BatchResult(problem=_problem(batch))
    entries: list[LedgerEntry] = []
    for line in api.lines(batch.output_file_id):
        if entry := _entry(terms, requests, line, result):
            entries.append(entry)
            result.bought += 1
        if len(entries) >= COMMIT:
            ledger.put(entries)
            entries = []
    ledger.put(entries)
    for line in api.lines(batch.error_file_id):
        _entry(terms, requests, line, result)
    return result


def _entry(terms: Terms, requests: BatchInput, line: bytes, result: BatchResult) -> LedgerEntry | None:
    """The reply of one line; None for a failed line, which is noted in `result`, and for an unknown one."""
    content = json.loads(line)
    key, response, error = content.get("custom_id"), content.get("response") or {}, content.get("error") or {}
    if (turns := requests.turns(key)) is None:
        return None
    try:
        if response.get("status_code") != 200:
            result.failures[key] = _failure(response, error, api_key(terms.open_target()))
            return None
        reply = completion.of_completion(response["body"])
    except completion.ErrorInside as problem:
        result.failures[key] = _kept(wire.refusal(problem.status, problem.said, api_key(terms.open_target())))
        return None
    except completion.MALFORMED as problem:
        result.failures[key] = "malformed", f"{type(problem).__name__}: {problem}"
        return None
    price = nano(terms.price, reply.prompt_tokens, reply.completion_tokens)
    result.spent += price
    return LedgerEntry(key, terms.identity, terms.stage, turns, reply, price / 1e9, 0.0)


def _failure(response: dict[str, Any], error: dict[str, Any], key: str) -> tuple[str, str]:
    status = response.get("status_code")
    if not isinstance(status, int):
        return "timeout", f"the batch ended without it ({error.get('code')})"
    return _kept(wire.refusal(status, json.dumps(response.get("body"), ensure_ascii=False), key))


def _kept(refusal: wire.Refusal) -> tuple[str, str]:
    """A refusal as the reason why a row has no reply."""
    return refusal.kind if refusal.kind in (*wire.REFUSED, *wire.UNANSWERED) else "rejected", refusal.said


def _problem(batch: "Batch") -> str:
    if batch.status != "failed":
        return ""
    errors = (batch.errors.data if batch.errors else None) or []
    return "; ".join(f"{e.code}: {e.message}" for e in errors) or "no reason given"
