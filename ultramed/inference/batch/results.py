"""Results of a finished batch: replies go into the ledger, failed lines are returned by key with the reason."""

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ultramed.inference.ask.costs import Terms, charged
from ultramed.inference.ask.flow import Failures
from ultramed.inference.batch.api import BatchApi
from ultramed.inference.batch.file import BatchInput, write_whole
from ultramed.inference.http import completion, wire
from ultramed.inference.http.endpoint import api_key
from ultramed.ledger.ledger import Ledger, LedgerEntry

if TYPE_CHECKING:
    from openai.types import Batch

COMMIT = 500  # replies in one transaction
_KEY = re.compile(rb'"custom_id"\s*:\s*"([0-9A-Za-z_-]{1,128})"')


@dataclass
class BatchResult:
    """Results of one batch."""

    overrun: int  # tokens that replies have had beyond `max_tokens`, before this batch and in it
    bought: int = 0  # replies
    spent: int = 0  # billionths of a USD
    uncertain: int = 0  # perhaps charged, for lines that cannot be read
    failures: Failures = field(default_factory=dict)
    problem: str = ""  # why the provider did not start the batch


def collect(
    terms: Terms, ledger: Ledger, api: BatchApi, batch: "Batch", file: Path, overrun: int
) -> BatchResult:
    """Record the replies of a batch whose requests are in `file`; `overrun` is known from earlier ones. Blank lines and
    lines that answer none of them are passed over; one that cannot be read counts at the most it can cost, and is asked
    for again."""
    requests, result = _requests(api, batch, file), BatchResult(overrun, problem=_problem(batch))
    entries: list[LedgerEntry] = []
    for line in api.lines(batch.output_file_id):
        if entry := _entry(terms, requests, line, result):
            entries.append(entry)
            result.bought += 1
        if len(entries) >= COMMIT:
            ledger.put(entries)
            entries = []
    ledger.put(entries)
    charged = result.uncertain
    for line in api.lines(batch.error_file_id):
        _entry(terms, requests, line, result)
    result.uncertain = charged  # what failed costs nothing, readable or not
    return result


def _requests(api: BatchApi, batch: "Batch", file: Path) -> BatchInput:
    """The requests of the batch. Where their file is lost or damaged, in a power cut, or was made on another machine,
    the provider has it, too."""
    if file.exists():
        with suppress(*completion.MALFORMED):
            return BatchInput(file)
    write_whole(file, api.lines(batch.input_file_id))
    return BatchInput(file)


def _entry(terms: Terms, requests: BatchInput, line: bytes, result: BatchResult) -> LedgerEntry | None:
    """The reply of one line; None for a line that failed or cannot be read, which is noted in `result`, and for an
    unknown one."""
    if not line.strip():
        return None
    key = ""
    try:
        content = json.loads(line)
        key, response, error = content["custom_id"], content.get("response") or {}, content.get("error") or {}
        if (request := requests.get(key)) is None:
            return None
        if response.get("status_code") != 200:
            result.failures[key] = _failure(response, error, api_key(terms.open_target()))
            return None
        reply = completion.of_completion(response["body"])
    except completion.ErrorInside as problem:
        result.failures[key] = _kept(wire.refusal(problem.status, problem.said, api_key(terms.open_target())))
        return None
    except completion.MALFORMED as problem:
        _note_unread(terms, requests, line, key, problem, result)
        return None
    result.overrun = max(result.overrun, reply.completion_tokens - request.max_tokens)
    price = charged(terms.price, reply, request.most(terms.price, result.overrun)) if terms.price else 0
    result.spent += price
    return LedgerEntry(key, terms.identity, terms.stage, request.turns, reply, price / 1e9, 0.0)


def _note_unread(
    terms: Terms, requests: BatchInput, line: bytes, key: Any, problem: Exception, result: BatchResult
) -> None:
    """A line that is cut or damaged, or whose body is no completion, may have been paid for all the same."""
    if not key and (found := _KEY.search(line)):  # what is cut has its key in front
        key = found[1].decode()
    request = requests.get(key)
    if request is not None:
        result.failures[key] = "malformed", f"{type(problem).__name__}: {problem}"
    if terms.price:
        result.uncertain += (request or requests).most(terms.price, result.overrun)


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
