"""The whole plan: a line a stage, totals, and the assumptions they rest on."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ultramed import paths
from ultramed.ledger.ledger import Ledger
from ultramed.params import Params, RemoteModel
from ultramed.planning import assumptions
from ultramed.planning.built import Built
from ultramed.planning.flow import Ask, Flow
from ultramed.planning.limits import Limit, limits
from ultramed.planning.machine import Machines
from ultramed.planning.measured import Measured, Needed, assumed
from ultramed.planning.ranges import Range, exact, total
from ultramed.planning.rehearse import rehearse
from ultramed.planning.training import Reading, Run, Trainings

Line = TypeVar("Line", Run, Reading)
STORED = ("screen", "written", "curate", "pair", "mix-instructions", "mix-preferences")  # the largest artifacts


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
    gpus: int  # that its server takes; 0 for llama.cpp and where another machine serves
    gpu: float | None  # bytes of each of them
    host: float  # bytes of memory: the weights for llama.cpp, the processes for vLLM, 0 where another machine serves
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


def make(settings: Params) -> Plan:
    """What a run of everything in this folder would still take. Reads files alone, asks nothing, writes nothing.

    Raises ParamsError where conf/plan.yaml or a launch configuration is of no use, RightsError where a stage would.
    """
    assumed, built = assumptions.load(), Built(settings)
    flow, machines = Flow(settings, assumed, built), Machines(settings, assumed)
    served, scored = by_stage(a for a in flow.asks() if a.model), by_stage(a for a in flow.asks() if not a.model)
    with _ledger() as ledger:
        measured = Measured(ledger, assumed)
        asking = [_costs(asks, machines, measured, built) for asks in served.values()]
        planned = {a.stage: a.price_usd for a in asking if a.price_usd is not None}
        budget = list(limits(settings.budget_usd, planned, ledger))
    trainings = Trainings(flow, machines)
    training = [_left(run, built, "steps", "tokens", "hours") for run in trainings.all()]
    reading = [_left(trainings.reading(*one), built, "dialogues", "tokens", "hours") for one in scored.items()]
    disk, memory = _disk(flow, machines, asking, training), assumed.one("gpu.memory")
    return Plan(settings.scale, asking, training, reading, disk, assumed.used, sorted({*built.counted}), budget, memory)


def by_stage(asks: Iterable[Ask]) -> dict[str, list[Ask]]:
    """Requests of each stage, in the order of their first."""
    stages: dict[str, list[Ask]] = {}
    for ask in asks:
        stages.setdefault(ask.stage, []).append(ask)
    return stages


@contextmanager
def _ledger() -> Iterator[Ledger | None]:
    """The ledger, where there is one: a plan makes none."""
    if not (paths.ledger() / "ledger.sqlite").exists():
        yield None
        return
    with closing(Ledger(paths.ledger())) as ledger:
        yield ledger


def _left(line: Line, built: Built, *work: str) -> Line:
    """What is still to be done of it: nothing where the stage is up to date."""
    none: dict[str, Any] = dict.fromkeys(work, exact(0))
    return line if built.runs(line.stage) else replace(line, **none)


def _costs(asks: list[Ask], machines: Machines, measured: Measured, built: Built) -> Asking:
    stage, model = asks[0].stage, asks[0].model
    rehearsal = rehearse(stage, built)
    need = measured.needed(stage, rehearsal, asks) if rehearsal else assumed(asks)
    unanswered = 0
    if need.calls.high and not built.runs(stage):
        unanswered = round(need.calls.expected) if rehearsal else 0
        need = Needed(exact(0), exact(0), exact(0))
    price = machines.price(model)
    usd = (need.prompt_tokens * price.prompt + need.generated_tokens * price.completion) * 1e-6 if price else None
    remote = isinstance(machines.settings.model(model), RemoteModel)
    return Asking(
        stage=stage, model=model, remote=remote, known=rehearsal.known if rehearsal else 0, unanswered=unanswered,
        measured=rehearsal is not None, **vars(need), price_usd=usd, hours=machines.hours(model, *vars(need).values()),
        **vars(machines.server(model)))


def _disk(flow: Flow, machines: Machines, asking: list[Asking], training: list[Run]) -> dict[str, float]:
    """Bytes by kind; raw files, which are small beside the rest, are left out."""
    settings, one = flow.settings, flow.assumptions.one
    rows = total(flow.rows(name) for name in STORED).expected
    rows += flow.rows("pool").expected * len(settings.candidates.authors)
    tokens = sum(a.prompt_tokens.expected + a.generated_tokens.expected for a in asking)
    return {
        "weights": sum(machines.weights(n) for n, m in settings.models.local.items() if m.engine != "model2vec"),
        "checkpoints": sum((r.checkpoint for r in training), start=2e9 * machines.shape("base").parameters),
        "scratch": max((r.scratch for r in training), default=0.0),
        "artifacts": rows * one("disk.row") * 1e3,
        "ledger": tokens * one("disk.token"),
    }
