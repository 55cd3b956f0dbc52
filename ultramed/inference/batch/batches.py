"""Buys replies through the provider's Batch API: requests that the ledger lacks go up in files, replies come down.

A batch is recorded before it is submitted, so that no crash makes it be submitted twice: the next run finds it, here
or at the provider, and collects it. Until then its requests are kept in `batches/` next to the ledger.
"""

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from ultramed.errors import ModelError
from ultramed.inference.ask.costs import Terms, most
from ultramed.inference.ask.flow import LOOKUP, Failures
from ultramed.inference.ask.slots import Slot
from ultramed.inference.batch.api import OVER, BatchApi
from ultramed.inference.batch.file import BatchFile
from ultramed.inference.batch.results import collect
from ultramed.inference.http import wire
from ultramed.ledger.budget import Budget, note_overrun, overrun
from ultramed.ledger.claims import BATCHES, Claims
from ultramed.ledger.ledger import Ledger, exclusive
from ultramed.ledger.owners import is_alive, this_process
from ultramed.ledger.requests import Request
from ultramed.params import BatchSettings
from ultramed.progress import Progress

if TYPE_CHECKING:
    from openai.types import Batch as Finished

STALLED = 3  # rounds in a row without a reply before the remaining requests are given up


class Batches:
    """Batches with one model."""

    def __init__(self, terms: Terms, settings: BatchSettings, ledger: Ledger, truncated_ok: bool) -> None:
        self._terms, self._settings, self._ledger, self._truncated_ok = terms, settings, ledger, truncated_ok
        self._target = terms.open_target()
        self._folder = terms.folder / "batches"
        self._folder.mkdir(exist_ok=True)
        self._failures: Failures = {}
        self._elsewhere = False  # whether another run asks for some of the same
        self._needed: set[str] = set()  # batches of other stages that hold some of the same, by uid
        self._token_limit = ""  # the provider's message if it refused the last batch until others are done
        self.bought = self.spent = 0
        with ledger.writing() as db:
            db.execute(BATCHES)

    def buy(self, requests: Iterable[Request]) -> Failures:
        """Get every available reply into the ledger. Returns why the others are not available, by key.

        `requests` is iterated over several times. Raises BudgetError, ModelError.
        """
        self._api = BatchApi(self._target)
        try:
            self._recover()
            self._collect()
            stalled = 0
            while stalled < STALLED and self._submit_missing(requests):
                before = self.bought
                self._collect()
                if self._elsewhere:  # requests under way in another run: look again whether it has bought them
                    time.sleep(self._settings.poll_s)
                    self._recover()
                else:
                    stalled = 0 if self.bought > before else stalled + 1
            self._check(self._token_limit if stalled else "")
            return self._failures
        finally:
            self._api.close()

    def _missing(self, requests: Iterable[Request]) -> Iterator[Slot]:
        """Requests neither in the ledger nor refused, each once; after an invalid reply, the second try."""
        seen, stream = set[str](), iter(requests)
        while slots := [Slot(r, r.key(self._terms.identity)) for r in islice(stream, LOOKUP)]:
            entries = self._ledger.get(s.key for s in slots)
            for slot in slots:
                done = slot.settle(entries.get(slot.key), self._ledger, self._terms.identity, self._truncated_ok)
                known = slot.key in seen or self._failures.get(slot.key, ("",))[0] in wire.REFUSED
                if not done and not known:
                    seen.add(slot.key)
                    yield slot

    def _submit_missing(self, requests: Iterable[Request]) -> bool:
        """Submit what is missing. Returns whether any of it is under way, here or in another run."""
        self._elsewhere = False
        sent, file, longest = False, self._new_file(), self._overrun()
        for slot in self._missing(requests):
            if not file.takes(line := self._line(slot)):
                sent = self._send(file, slot) or sent
                file = self._new_file()
            file.add(slot.key, line, most(self._terms.price, len(line), slot.request.sampling.max_tokens, longest))
        return (self._send(file, slot) or sent) if file.lines else sent

    def _line(self, slot: Slot) -> bytes:
        body = self._target.dialect.body(slot.request)
        return f'{{"custom_id":"{slot.key}","method":"POST","url":"/v1/chat/completions","body":{body}}}\n'.encode()

    def _new_file(self) -> BatchFile:
        return BatchFile(self._folder / f"{uuid.uuid4().hex}.jsonl", self._settings)

    def _send(self, file: BatchFile, slot: Slot) -> bool:
        """Claim the requests, reserve the money, record the batch, submit it; if money covers only the first of those
        that no other run asks for, submit those."""
        owner = f"batch:{file.uid}"
        budget, claims = Budget(self._ledger, self._terms.stage, self._terms.budget, owner), Claims(self._ledger, owner)
        with self._ledger.writing() as db:
            owners, bought = claims.of_others(db, file.keys), self._ledger.get(file.keys)
            file.drop({*owners, *bought})
            count = budget.reserve(db, file.most)
            if count:
                row = (file.uid, self._terms.identity, self._terms.stage, this_process(), count, None)
                db.execute("INSERT INTO batches VALUES (?,?,?,?,?,?)", row)
                claims.claim(db, file.keys[:count])
        self._needed |= {name for kind, name, *_ in (o.split(":") for o in owners.values()) if kind == "batch"}
        self._elsewhere = self._elsewhere or bool(owners or bought)
        if not file.lines:
            return True
        if not count:
            if self._awaited():
                return True  # money comes back when open batches are collected
            raise budget.exhausted(file.most[0], f"{self.bought} replies were bought")
        file.write(count)
        self._submit(file.uid)
        return True

    def _overrun(self) -> int:
        """Tokens that replies have had beyond `max_tokens`."""
        Budget(self._ledger, self._terms.stage, self._terms.budget)  # makes its tables
        with self._ledger.writing() as db:
            return overrun(db, self._terms.identity) or 0

    def _submit(self, uid: str) -> None:
        batch_id = self._api.submit(self._folder / f"{uid}.jsonl", uid)
        with self._ledger.writing() as db:
            db.execute("UPDATE batches SET batch_id = ? WHERE uid = ?", (batch_id, uid))

    def _recover(self) -> None:
        """Find the batches that a crash left without the provider's id."""
        for uid, stage, maker, batch_id in self._open():
            if batch_id or (maker != this_process() and is_alive(maker)):
                continue
            if found_id := self._api.find(uid):
                with self._ledger.writing() as db:
                    db.execute("UPDATE batches SET batch_id = ? WHERE uid = ?", (found_id, uid))
            else:
                self._close(uid, stage, spent=0)

    def _open(self) -> list[tuple[str, str, str, str | None]]:
        """This model's batches, of all stages."""
        query = "SELECT uid, stage, maker, batch_id FROM batches WHERE identity = ? ORDER BY uid"
        return list(self._ledger.read(query, (self._terms.identity,)))

    def _awaited(self) -> dict[str, str | None]:
        """The provider's ids of this stage's batches and of those needed here, by uid: who made the latter may have
        been killed."""
        return {uid: batch_id for uid, stage, _, batch_id in self._open()
                if stage == self._terms.stage or uid in self._needed}

    def _collect(self) -> None:
        """Wait for these batches and record their results."""
        waiting = {uid: batch_id for uid, batch_id in self._awaited().items() if batch_id}
        with Progress(f"{self._terms.stage}, batches", len(waiting) or None) as progress:
            while waiting:
                batches = [(uid, self._api.retrieve(batch_id)) for uid, batch_id in waiting.items()]
                over = [(uid, batch) for uid, batch in batches if batch.status in OVER]
                for uid, batch in over:
                    with exclusive(self._folder):  # another process may be waiting for it, too
                        if stage := {open_uid: stage for open_uid, stage, _, _ in self._open()}.get(uid):
                            self._record(uid, stage, batch)
                    del waiting[uid]
                    progress.step()
                if not over:
                    time.sleep(self._settings.poll_s)

    def _record(self, uid: str, stage: str, batch: "Finished") -> None:
        terms, file = replace(self._terms, stage=stage), self._folder / f"{uid}.jsonl"
        result = collect(terms, self._ledger, self._api, batch, file, self._overrun())
        if result.bought:
            with self._ledger.writing() as db:
                note_overrun(db, self._terms.identity, result.overrun)
        self.bought, self.spent = self.bought + result.bought, self.spent + result.spent
        self._failures |= result.failures
        self._close(uid, stage, result.spent, result.uncertain)
        for file_id in (batch.input_file_id, batch.output_file_id, batch.error_file_id):
            self._api.delete(file_id)
        self._token_limit = result.problem if "token_limit_exceeded" in result.problem else ""
        self._check("" if self._token_limit else result.problem)

    def _check(self, problem: str) -> None:
        """Raises ModelError for a batch that the provider refused to start."""
        if problem:
            raise ModelError(self._terms.model, f"refused the batch ({problem})",
                             f"check models.remote.{self._terms.model}.batch in params.yaml")

    def _close(self, uid: str, stage: str, spent: int, uncertain: int = 0) -> None:
        """Forget a batch and settle its reservation; only the first process to do so has any effect."""
        owner = f"batch:{uid}"
        budget, claims = Budget(self._ledger, stage, self._terms.budget, owner), Claims(self._ledger, owner)
        with self._ledger.writing() as db:
            if db.execute("DELETE FROM batches WHERE uid = ?", (uid,)).rowcount:
                budget.settle(db, 0, spent, uncertain)
                budget.drop(db)
                claims.drop(db)
        (self._folder / f"{uid}.jsonl").unlink(missing_ok=True)
