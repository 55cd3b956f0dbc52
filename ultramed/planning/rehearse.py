"""A stage rehearsed: it runs with real inputs and real prompts, the ledger answers what it can, nothing is sent.

Replies that are not there yet are missing to the stage as unusable ones are, so what would have been asked after them
is reckoned: as often as it came after the replies that are there.
"""

import importlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from math import sqrt

from ultramed.errors import RightsError, UltramedError
from ultramed.inference.ask.flow import LOOKUP
from ultramed.inference.ask.slots import Slot
from ultramed.inference.client import Client, maker
from ultramed.ledger.requests import Answer, Request
from ultramed.planning.built import Built
from ultramed.planning.ranges import Range

ENOUGH = 20  # replies, from which a mean is trusted
UNASKED = "unasked"


@dataclass
class Replies:
    """Known replies: what they read and wrote."""

    prompt_characters: int = 0
    prompt_tokens: int = 0
    written: list[int] = field(default_factory=list)  # tokens of each

    def add(self, answer: Answer) -> None:
        if answer.reply:
            self.prompt_characters += len(answer.request.turns)
            self.prompt_tokens += answer.reply.prompt_tokens
            self.written.append(answer.reply.completion_tokens)

    def mean(self) -> Range:
        """Tokens that one writes, give or take two standard errors."""
        n = len(self.written)
        mean = sum(self.written) / n
        error = 2 * sqrt(sum((x - mean) ** 2 for x in self.written) / max(1, n - 1) / n)
        return Range(max(0.0, mean - error), mean, mean + error)


@dataclass
class Asked:
    """Requests that no reply is there for."""

    calls: int = 0
    characters: int = 0
    most: int = 0  # tokens that they may write together

    def add(self, request: Request) -> None:
        self.calls += 1
        self.characters += len(request.turns)
        self.most += request.sampling.max_tokens


@dataclass
class Rehearsal:
    """What a stage would ask: in its first pass, and in those that follow from its replies."""

    identity: str = ""  # of the model
    first: Asked = field(default_factory=Asked)
    later: Asked = field(default_factory=Asked)  # whose rows have their earlier replies
    known_first: Replies = field(default_factory=Replies)
    known_later: Replies = field(default_factory=Replies)

    @property
    def known(self) -> int:
        return len(self.known_first.written) + len(self.known_later.written)

    @property
    def followed(self) -> float | None:
        """Requests of later passes for each of the first; None where too few replies tell."""
        if len(self.known_first.written) < ENOUGH:
            return None
        return (len(self.known_later.written) + self.later.calls) / len(self.known_first.written)


class Over(Exception):
    """The stage has asked all it asks; what it would have written is not."""


class Rehearsing(Client):
    """A client that looks into the ledger and sends nothing."""

    rehearsal: Rehearsal

    def ask(
        self, requests: Iterable[Request], what: str = "", total: int | None = None, truncated_ok: bool = False
    ) -> Iterator[Answer]:
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

    _waiting: set[str] = set()  # rows with a request that has no reply
    _passes = 0

    def _count(self, slot: Slot, first: bool, open_rows: set[str]) -> None:
        for number, answer in enumerate(slot.answers):
            (self.rehearsal.known_first if first and not number else self.rehearsal.known_later).add(answer)
        if slot.done:
            return
        if slot.request.row_id not in open_rows:
            (self.rehearsal.first if first and not slot.answers else self.rehearsal.later).add(slot.request)
        self._waiting.add(slot.request.row_id)
        slot.give_up(UNASKED, "not asked yet")

    def close(self) -> None:
        self._ledger.close()
        if sys.exc_info()[0] is None:
            raise Over


def rehearse(stage: str, built: Built) -> Rehearsal | None:
    """Run a stage (`judge`, `evolve@medqa` …) so. None where what it reads is not built with today's params.

    Raises RightsError where the stage would.
    """
    inputs = built.inputs(stage)
    if inputs is None:
        return None
    name, _, key = stage.partition("@")
    rehearsal = Rehearsal()
    token = maker.set(type("Rehearsing", (Rehearsing,), {"rehearsal": rehearsal}))
    try:
        importlib.import_module(f"stages.{name}").main(*([key] if key else []))
    except Over:
        built.counted += inputs
    except RightsError:
        raise
    except (UltramedError, OSError):
        return None
    finally:
        maker.reset(token)
    return rehearsal
