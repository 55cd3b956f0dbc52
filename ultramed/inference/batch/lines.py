"""What a finished batch brought: replies into the ledger, failed lines by key with why."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ultramed.inference.ask.flow import Terms
from ultramed.inference.batch.api import BatchApi
from ultramed.inference.http import wire
from ultramed.inference.http.endpoint import key_of
from ultramed.ledger.budget import nano
from ultramed.ledger.ledger import Entry, Ledger
from ultramed.ledger.requests import canonical

if TYPE_CHECKING:
    from openai.types import Batch

Failures = dict[str, tuple[str, str]]  # by request key: in one word, in a sentence
COMMIT = 500  # replies


@dataclass
class Brought:
    bought: int = 0
    spent: int = 0  # billionths of a USD
    failures: Failures = field(default_factory=dict)
    problem: str = ""  # why the provider did not begin the batch


def collect(terms: Terms, ledger: Ledger, api: BatchApi, batch: "Batch", file: Path) -> Brought:
    """Record the replies of a batch whose requests lie in `file`; lines that are none of ours are left alone."""
    if not file.exists():  # lost in a power cut, or made on another machine: the provider has it, too
        file.write_bytes(b"".join(api.lines(batch.input_file_id)))
    asked, found = Asked(file), Brought(problem=_problem(batch))
    entries: list[Entry] = []
    for line in api.lines(batch.output_file_id):
        if entry := _entry(terms, asked, line, found):
            entries.append(entry)
            found.bought += 1
        if len(entries) >= COMMIT:
            ledger.put(entries)
            entries = []
    ledger.put(entries)
    for line in api.lines(batch.error_file_id):
        _entry(terms, asked, line, found)
    return found


def _entry(terms: Terms, asked: "Asked", line: bytes, found: Brought) -> Entry | None:
    """The reply of one line; None for a line that failed, which is noted, and for one of nobody here."""
    told = json.loads(line)
    key, response, error = told.get("custom_id"), told.get("response") or {}, told.get("error") or {}
    if (turns := asked.turns(key)) is None:
        return None
    try:
        if response.get("status_code") != 200:
            found.failures[key] = _failure(response, error, key_of(terms.reach()))
            return None
        reply = wire.of_completion(response["body"])
    except wire.MALFORMED as problem:
        found.failures[key] = "malformed", f"{type(problem).__name__}: {problem}"
        return None
    price = nano(terms.price, reply.prompt_tokens, reply.completion_tokens)
    found.spent += price
    return Entry(key, terms.identity, terms.stage, turns, reply, price / 1e9, 0.0)


def _failure(response: dict[str, Any], error: dict[str, Any], api_key: str) -> tuple[str, str]:
    status = response.get("status_code")
    if not isinstance(status, int):
        return "timeout", f"the batch ended without it ({error.get('code')})"
    refusal = wire.refusal(status, json.dumps(response.get("body"), ensure_ascii=False), api_key)
    return refusal.kind if refusal.kind in (*wire.REFUSED, *wire.UNANSWERED) else "rejected", refusal.said


def _problem(batch: "Batch") -> str:
    if batch.status != "failed":
        return ""
    errors = (batch.errors.data if batch.errors else None) or []
    return "; ".join(f"{e.code}: {e.message}" for e in errors) or "no reason given"


class Asked:
    """The requests of a batch by key, read from their file one at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = dict(self._scan())

    def turns(self, key: Any) -> str | None:
        """The messages of a request as canonical JSON; None for a key that was not asked."""
        if key not in self._places:
            return None
        with open(self._path, "rb") as file:
            file.seek(self._places[key])
            return canonical(json.loads(file.readline())["body"]["messages"])

    def _scan(self) -> Iterator[tuple[str, int]]:
        place = 0
        with open(self._path, "rb") as file:
            for line in file:
                yield json.loads(line)["custom_id"], place
                place += len(line)
