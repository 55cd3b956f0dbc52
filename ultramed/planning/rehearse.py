"""A stage rehearsed: it runs with real inputs and real prompts, the ledger answers what it can, nothing is sent.

To the stage a reply that is still to be bought is like an unusable one. Requests that would follow from it are
estimated: as many as followed from the replies that are in the ledger.
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

SCRIPTS = ("stages.data", "stages.models")  # folders of those that ask a model


class Known(NamedTuple):
    """What a reply that is in the ledger took."""

    characters: int  # of its prompt, as JSON
    read: int  # tokens of its prompt
    written: int  # tokens of its own

@dataclass
class Pass:
    """The requests of a pass over the rows: replies to some, and how many have none."""

    known: list[Known] = field(default_factory=list)
    calls: int = 0
    characters: int = 0
    most: int = 0  # tokens that the replies may have together

    def note(self, answer: Answer) -> None:
        if reply := answer.reply:
            self.known.append(Known(len(answer.request.turns), reply.prompt_tokens, reply.completion_tokens))

    def miss(self, request: Request) -> None:
        self.calls += 1
        self.characters += len(request.turns)
        self.most += request.sampling.max_tokens


@dataclass
class Rehearsal:
    """What a stage would ask: in its first pass, and in later ones of rows whose earlier replies are all known."""

    identity: str = ""  # of the model
    first: Pass = field(default_factory=Pass)
    later: Pass = field(default_factory=Pass)

    @property
    def known(self) -> list[Known]:
        return self.first.known + self.later.known


class Over(Exception):
    """The stage has asked all it asks; it must not write its output."""


class Rehearsing(Client):
    """A client that looks into the ledger and sends nothing."""

    rehearsal: Rehearsal
    _waiting: set[str] = set()  # rows with a request that has no reply
    _passes = 0

    def ask(
        self, requests: Iterable[Request], what: str = "", total: int | None = None, truncated_ok: bool = False
    ) -> Iterator[Answer]:
        """As the client's own; a request without a reply has failed as `unasked`."""
        self.rehearsal.identity = self.identity
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


def rehearse(stage: str, built: Built) -> Rehearsal | None:
    """Run a stage (`judge`, `evolve@medqa` …) so. None where what it reads is not built with today's params.

    Raises RightsError where the stage would.
    """
    if (inputs := built.inputs(stage)) is None:
        return None
    name, _, key = stage.partition("@")
    rehearsal = Rehearsal()
    token = maker.set(type("Rehearsing", (Rehearsing,), {"rehearsal": rehearsal}))
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
    return rehearsal
