"""The whole plan: a line a stage, totals, and the assumptions they rest on."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ultramed import engines, paths
from ultramed.engines import ServingEngine
from ultramed.ledger.ledger import Ledger
from ultramed.params import LocalModel, Params, RemoteModel
from ultramed.planning import assumptions, mixtures
from ultramed.planning.asking import Ask, Asks
from ultramed.planning.here import Here
from ultramed.planning.limits import Limit, limits
from ultramed.planning.machine import Machines
from ultramed.planning.measured import Measured, Needed
from ultramed.planning.ranges import Range, exact, total
from ultramed.planning.reading import Reading, readings
from ultramed.planning.rehearse import rehearse
from ultramed.planning.rows import Rows
from ultramed.planning.training import Run, Trainings

Line = TypeVar("Line", Run, Reading)


@dataclass(frozen=True)
class Asking:
    """What a stage that asks a model costs. `price_usd` is None for a local model and for one without a price."""

    stage: str
    model: str
    remote: bool
    known: int  # replies that are in the ledger already
    unanswered: int  # requests without a reply of a stage that is up to date: `dvc repro` leaves them so
    measured: bool  # with real prompts, by a rehearsal; else by assumptions
    calls: Range  # still to be asked, as the rest
    prompt_tokens: Range
    generated_tokens: Range
    price_usd: Range | None
    hours: Range
    gpus: int  # that its server takes; 0 on the CPU and where another machine serves
    gpu: float | None  # bytes of each of them
    host: float  # bytes of memory: the weights on the CPU, the processes on GPUs, 0 where another machine serves
    weights: float  # bytes

    @property
    def unpriced(self) -> bool:
        return self.remote and self.price_usd is None


@dataclass(frozen=True)
class Plan:
    scale: str
    asking: list[Asking]
    training: list[Run]
    reading: list[Reading]
    disk: dict[str, float]  # bytes by what takes them
    assumed: dict[str, str]
    counted: list[str]  # paths whose rows were counted
    budget: list[Limit]  # those that are set
    gpu_gb: float  # memory that a GPU is taken to have


def make(settings: Params, base: Path = Path(".")) -> Plan:
    """Reckon what a run of everything would still take. Reads files here alone, asks nothing, writes nothing.

    Raises ParamsError where the table of assumptions or a launch configuration is of no use.
    """
    book = assumptions.load(base / assumptions.FILE)
    here = Here(settings, base)
    rows, machines = Rows(settings, book, here), Machines(settings, book, base)
    asks = list(Asks(rows).all())
    with _ledger() as ledger:
        measured = Measured(ledger, book)
        asking = [_costs(stage, [a for a in asks if a.stage == stage], machines, measured, here)
                  for stage in dict.fromkeys(a.stage for a in asks)]
        planned = {a.stage: a.price_usd for a in asking if a.price_usd is not None}
        budget = list(limits(settings.budget_usd, planned, ledger))
    training = [_left(run, here, "steps", "tokens", "hours") for run in Trainings(rows, machines).all()]
    reading = [_left(one, here, "dialogues", "tokens", "hours") for one in readings(rows, machines)]
    disk = _disk(rows, machines, asking, training)
    memory = book.number("gpu.memory").expected
    counted = sorted(set(here.counted))
    return Plan(settings.scale, asking, training, reading, disk, book.used, counted, budget, memory)


@contextmanager
def _ledger() -> Iterator[Ledger | None]:
    """The ledger, where there is one: a plan makes none."""
    if not (paths.ledger() / "ledger.sqlite").exists():
        yield None
        return
    with closing(Ledger(paths.ledger())) as ledger:
        yield ledger


def _left(line: Line, here: Here, *work: str) -> Line:
    """What is still to be done of it: nothing where the stage is up to date."""
    none: dict[str, Any] = dict.fromkeys(work, exact(0))
    return line if here.runs(line.stage) else replace(line, **none)


def _costs(stage: str, asks: list[Ask], machines: Machines, measured: Measured, here: Here) -> Asking:
    model, settings = asks[0].model, machines.settings
    found = rehearse(stage, model, settings, here)
    need = measured.needed(stage, found, asks) if found else Needed(
        total(a.calls for a in asks), total(a.calls * a.prompt for a in asks).whole(),
        total(a.calls * a.generated for a in asks).whole())
    unanswered = 0
    if need.calls.high and not here.runs(stage):
        unanswered = round(need.calls.expected) if found else 0
        need = Needed(exact(0), exact(0), exact(0))
    price = machines.price(model)
    usd = (need.prompt_tokens * price.prompt + need.generated_tokens * price.completion) * 1e-6 if price else None
    remote = isinstance(settings.model(model), RemoteModel)
    return Asking(stage, model, remote, found.known if found else 0, unanswered, found is not None, need.calls,
                  need.prompt_tokens, need.generated_tokens, usd, machines.hours(model, *vars(need).values()),
                  *_server(model, machines))


def _server(name: str, machines: Machines) -> tuple[int, float | None, float, float]:
    """GPUs, bytes of each, bytes of host memory, bytes of weights."""
    served = machines.settings.model(name)
    if not isinstance(served, LocalModel):
        return 0, None, 0.0, 0.0
    weights = machines.weights(_weights_of(name, machines.settings))
    engine, number = engines.get(served.engine), machines.book.number
    if not (gpus := engine.gpus(served.options)):
        return 0, None, weights, weights
    gpu = engine.gpu_share(served.options) * number("gpu.memory").expected * 1e9
    return gpus, gpu, gpus * number("memory.process").expected * 1e9, weights


def _weights_of(name: str, settings: Params) -> str:
    return settings.base.model if name in settings.ours else name


def _disk(rows: Rows, machines: Machines, asking: Iterable[Asking], training: list[Run]) -> dict[str, float]:
    """Bytes by kind; raw files, which are small beside the rest, are left out."""
    s, book = rows.settings, rows.book
    data = total([*rows.instructions().values(), *rows.curated().values(), mixtures.pairs(rows),
                  mixtures.mixed(rows, "instructions"), mixtures.mixed(rows, "preferences"),
                  *(mixtures.asked_pool(rows) for _ in s.candidates.authors)])
    tokens = sum(a.prompt_tokens.expected + a.generated_tokens.expected for a in asking)
    weights = sum(machines.weights(n) for n, m in s.models.local.items()
                  if isinstance(engines.get(m.engine), ServingEngine))
    n = machines.shape(s.base.model).parameters * 1e9
    return {
        "weights": weights,
        "checkpoints": sum((r.checkpoint for r in training), start=2 * n),  # with the base's
        "scratch": max((r.scratch for r in training), default=0.0),
        "artifacts": data.expected * book.number("disk.row").expected * 1e3,
        "ledger": tokens * book.number("disk.token").expected,
    }

