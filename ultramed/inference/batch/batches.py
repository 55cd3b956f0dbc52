"""Requests bought through the provider's Batch API: what the ledger lacks goes up in files, replies come down into it.

A batch is written down before it is submitted, so that a crash at any moment submits none a second time: the next run
finds it, here or there, and collects it. Its requests lie in `batches/` beside the ledger until then.
"""

import time
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from ultramed.errors import ModelError
from ultramed.inference.ask.flow import LOOKUP, Terms
from ultramed.inference.ask.slots import Slot
from ultramed.inference.batch.api import OVER, BatchApi
from ultramed.inference.batch.file import File
from ultramed.inference.batch.lines import Failures, collect
from ultramed.inference.http import wire
from ultramed.ledger.budget import Budget, alive, me, nano
from ultramed.ledger.ledger import Ledger, alone
from ultramed.ledger.requests import Request
from ultramed.params import Batch
from ultramed.progress import Progress

if TYPE_CHECKING:
    from openai.types import Batch as Finished

STALLED = 3  # rounds without a single reply after which what is left is given up
_TABLE = """
CREATE TABLE IF NOT EXISTS batches (uid TEXT PRIMARY KEY, identity TEXT NOT NULL, stage TEXT NOT NULL,
                                    maker TEXT NOT NULL, lines INTEGER NOT NULL, batch_id TEXT) WITHOUT ROWID
"""


class Batches:
    """One stage's batches with one model."""

    def __init__(self, terms: Terms, settings: Batch, ledger: Ledger, truncated_ok: bool) -> None:
        self._terms, self._settings, self._ledger, self._truncated_ok = terms, settings, ledger, truncated_ok
        self._target = terms.reach()
        self._folder = terms.folder / "batches"
        self._folder.mkdir(exist_ok=True)
        self._failures: Failures = {}
        self._too_early = ""  # why the last batch was not begun, if others were in its way
        self.bought = self.spent = 0
        with ledger.writing() as db:
            db.execute(_TABLE)

    def buy(self, requests: Iterable[Request]) -> Failures:
        """Bring every reply into the ledger that can be had; why not, by key, for the others. `requests` is iterated
        over several times. Raises BudgetError, ModelError."""
        self._api = BatchApi(self._target)
        try:
            self._recover()
            self._collect()
            stalled = 0
            while stalled < STALLED and self._submit_missing(requests):
                before = self.bought
                self._collect()
                stalled = 0 if self.bought > before else stalled + 1
            self._check(self._too_early if stalled else "")
            return self._failures
        finally:
            self._api.close()

    def _missing(self, requests: Iterable[Request]) -> Iterator[Slot]:
        """What is neither in the ledger nor refused, each once; after a reply of the wrong shape the second try."""
        seen, stream = set[str](), iter(requests)
        while slots := [Slot(r, r.key(self._terms.identity)) for r in islice(stream, LOOKUP)]:
            found = self._ledger.get(s.key for s in slots)
            for slot in slots:
                done = slot.settle(found.get(slot.key), self._ledger, self._terms.identity, self._truncated_ok)
                known = slot.key in seen or self._failures.get(slot.key, ("",))[0] in wire.REFUSED
                if not done and not known:
                    seen.add(slot.key)
                    yield slot

    def _submit_missing(self, requests: Iterable[Request]) -> bool:
        """Whether there was anything to ask, and money for it."""
        sent, file = False, self._new_file()
        for slot in self._missing(requests):
            if not file.takes(line := self._line(slot)):
                sent = self._send(file, slot) or sent
                file = self._new_file()
            file.add(line, nano(self._terms.price, len(line), slot.request.sampling.max_tokens))
        return (self._send(file, slot) or sent) if file.lines else sent

    def _line(self, slot: Slot) -> bytes:
        body = wire.body(slot.request, self._target.model, self._target.mode)
        return f'{{"custom_id":"{slot.key}","method":"POST","url":"/v1/chat/completions","body":{body}}}\n'.encode()

    def _new_file(self) -> File:
        return File(self._folder / f"{uuid.uuid4().hex}.jsonl", self._settings)

    def _send(self, file: File, slot: Slot) -> bool:
        """Reserve the money, write the batch down, submit it. Where money is for some lines only, those are sent."""
        budget = Budget(self._ledger, self._terms.stage, self._terms.budget, f"batch:{file.uid}")
        with self._ledger.writing() as db:
            count = budget.reserve(db, file.most)
            if count:
                row = (file.uid, self._terms.identity, self._terms.stage, me(), count, None)
                db.execute("INSERT INTO batches VALUES (?,?,?,?,?,?)", row)
        if not count:
            if self._open():
                return True  # money comes back when those are collected
            raise budget.exhausted(file.most[0], f"{self.bought} replies were bought")
        file.write(count)
        self._submit(file.uid)
        return True

    def _submit(self, uid: str) -> None:
        batch_id = self._api.submit(self._folder / f"{uid}.jsonl", uid)
        with self._ledger.writing() as db:
            db.execute("UPDATE batches SET batch_id = ? WHERE uid = ?", (batch_id, uid))

    def _recover(self) -> None:
        """Batches that a crash left between being written down and being heard of."""
        for uid, maker, batch_id in self._open():
            if batch_id or (maker != me() and alive(maker)):
                continue
            if found := self._api.find(uid):
                with self._ledger.writing() as db:
                    db.execute("UPDATE batches SET batch_id = ? WHERE uid = ?", (found, uid))
            else:
                self._close(uid, spent=0)

    def _open(self) -> list[tuple[str, str, str | None]]:
        query = "SELECT uid, maker, batch_id FROM batches WHERE identity = ? AND stage = ? ORDER BY uid"
        return list(self._ledger.read(query, (self._terms.identity, self._terms.stage)))

    def _collect(self) -> None:
        """Wait for every open batch, and take in what it brought."""
        waiting = {uid: batch_id for uid, _, batch_id in self._open() if batch_id}
        with Progress(f"{self._terms.stage}, batches", len(waiting) or None) as progress:
            while waiting:
                over = [(uid, b) for uid, batch_id in waiting.items() if (b := self._api.look(batch_id)).status in OVER]
                for uid, batch in over:
                    with alone(self._folder):  # another process may wait for it, too
                        if any(uid == still for still, _, _ in self._open()):
                            self._take_in(uid, batch)
                    del waiting[uid]
                    progress.step()
                if not over:
                    time.sleep(self._settings.poll_s)

    def _take_in(self, uid: str, batch: "Finished") -> None:
        found = collect(self._terms, self._ledger, self._api, batch, self._folder / f"{uid}.jsonl")
        self.bought, self.spent = self.bought + found.bought, self.spent + found.spent
        self._failures |= found.failures
        self._close(uid, found.spent)
        for file_id in (batch.input_file_id, batch.output_file_id, batch.error_file_id):
            self._api.forget(file_id)
        self._too_early = found.problem if "token_limit_exceeded" in found.problem else ""
        self._check("" if self._too_early else found.problem)

    def _check(self, problem: str) -> None:
        """A batch that the provider would not begin stops the stage; one too many at a time, only when it is alone."""
        if problem:
            raise ModelError(self._terms.name, f"does not take the batch ({problem})",
                             f"check models.remote.{self._terms.name}.batch in params.yaml")

    def _close(self, uid: str, spent: int) -> None:
        """The batch is done with: what was reserved is settled, once."""
        budget = Budget(self._ledger, self._terms.stage, self._terms.budget, f"batch:{uid}")
        with self._ledger.writing() as db:
            if db.execute("DELETE FROM batches WHERE uid = ?", (uid,)).rowcount:
                budget.settle(db, 0, spent, 0)
                budget.drop(db)
        (self._folder / f"{uid}.jsonl").unlink(missing_ok=True)
