"""Rehearse a stage: run it with real inputs and prompts, answer from the ledger where possible, send nothing.

The stage treats a missing reply like an unusable one. Follow-up requests to missing replies are estimated at the rate
at which replies in the ledger led to follow-ups.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from ultramed import registry
from ultramed.errors import RightsError, UltramedError
from ultramed.inference.ask.flow import LOOKUP
from ultramed.inference.ask.slots import Slot
from ultramed.inference.client import Client, maker
from ultramed.ledger.requests import Answer, Request
from ultramed.planning.built import Built

SCRIPTS = ("stages.data", "stages.models")  # packages with stages that ask a model


class Known(NamedTuple):
    """The size of a reply that is in the ledger."""

    characters: int  # of its prompt, as JSON
    read: int  # prompt tokens
    written: int  # generated tokens

@dataclass
class Pass:
    """The requests of one pass over the rows: known replies, and a count of requests without one."""

    known: list[Known] = field(default_factory=list)
    calls: int = 0
    characters: int = 0
    most: int = 0  # upper bound on the tokens of all missing replies

    def note(self, answer: Answer) -> None:
        if reply := answer.reply:
            self.known.append(Known(len(answer.request.turns), reply.prompt_tokens, reply.completion_tokens))

    def miss(self, request: Request) -> None:
        self.calls += 1
        self.characters += len(request.turns)
        self.most += request.sampling.max_tokens


@dataclass
class Rehearsal:
    """What a stage would ask of one model in its first pass, and later for rows whose earlier replies are all known."""

    identity: str = ""  # of the model
    first: Pass = field(default_factory=Pass)
    later: Pass = field(default_factory=Pass)

    @property
    def known(self) -> list[Known]:
        return self.first.known + self.later.known


class Over(Exception):
    """The stage has sent its last request and must not write its output."""


class Rehearsing(Client):
    """A client that only looks up the ledger and sends nothing."""

    rehearsals: dict[str, Rehearsal]  # by model, the author before those that solve
    _waiting: set[str] = set()  # rows with a request that has no reply
    _passes = 0

    @property
    def rehearsal(self) -> Rehearsal:
        return self.rehearsals.setdefault(self.name, Rehearsal(self.identity))

    def ask(
        self, requests: Iterable[Request], what: str = "", total: int | None = None, truncated_ok: bool = False,
        unusable_ok: bool = False,
    ) -> Iterator[Answer]:
        """Like `Client.ask`, except that a request without a reply fails as `unasked`."""
        open_rows, self._waiting = self._waiting, set(self._waiting)
        first, self._passes = self._passes == 0, self._passes + 1
        stream = map(self._allowed, requests)
        while slots := [Slot(r, r.key(self.identity)) for r in islice(stream, LOOKUP)]:
            replies = self._ledger.get(slot.key for slot in slots)
            for slot in slots:
                slot.settle(replies.get(slot.key), self._ledger, self.identity, truncated_ok)
                self._count(slot, first, open_rows)
                yield slot.answers[-1]

    def _count(self, slot: Slot, first: bool, open_rows: set[str]) -> None:
        for number, answer in enumerate(slot.answers):
            (self.rehearsal.first if first and not number else self.rehearsal.later).note(answer)
        if slot.done:
            return
        if slot.request.row_id not in open_rows:
            (self.rehearsal.first if first and not slot.answers else self.rehearsal.later).miss(slot.request)
        self._waiting.add(slot.request.row_id)
        slot.give_up("unasked", "not asked yet")

    def close(self) -> None:
        self._ledger.close()
        if sys.exc_info()[0] is None:
            raise Over


def rehearse(stage: str, built: Built) -> dict[str, Rehearsal] | None:
    """Rehearse a stage (`judge`, `evolve@medqa` …), by the models that it asks, the one whose replies lead to questions
    for the others first. None if its inputs are not built with the current params.

    Raises RightsError if the stage would.
    """
    if (inputs := built.inputs(stage)) is None:
        return None
    name, _, key = stage.partition("@")
    rehearsals: dict[str, Rehearsal] = {}
    token = maker.set(type("Rehearsing", (Rehearsing,), {"rehearsals": rehearsals}))
    try:
        family = next(folder for folder in SCRIPTS if name in registry.names(folder))
        registry.load(family, name).main(*([key] if key else []))
    except Over:
        built.counted += inputs
    except RightsError:
        raise
    except (UltramedError, OSError):
        return None
    finally:
        maker.reset(token)
    return rehearsals
