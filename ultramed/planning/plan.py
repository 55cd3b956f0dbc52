"""The whole plan: one line per stage, totals, and the assumptions behind them."""

from contextlib import closing, nullcontext
from dataclasses import dataclass, replace

from ultramed import engines, paths
from ultramed.engines import ServingEngine
from ultramed.ledger.ledger import Ledger
from ultramed.params import Params, RemoteModel
from ultramed.planning import assumptions
from ultramed.planning.built import Built
from ultramed.planning.flow import Flow, Need
from ultramed.planning.limits import Limit, limits
from ultramed.planning.machine import WEIGHT, Machines, Server
from ultramed.planning.measured import following, needed
from ultramed.planning.orders import Order, orders
from ultramed.planning.ranges import ZERO, Range, total
from ultramed.planning.rehearse import Rehearsal, rehearse
from ultramed.planning.training import Run, Trainings

STORED = ("screen", "written", "curate", "pair", "mix-instructions", "mix-preferences")  # the largest artifacts


@dataclass(frozen=True, kw_only=True)
class Asking(Need, Server):
    """What a stage that asks a model will still cost."""

    stage: str
    model: str
    remote: bool
    known: int  # replies already in the ledger
    unanswered: int  # requests without a reply in an up-to-date stage; `dvc repro` does not ask them again
    measured: bool  # by a rehearsal with real prompts; else estimated from assumptions
    price_usd: Range | None  # None for a local model or an unknown price
    hours: Range

    @property
    def unpriced(self) -> bool:
        return self.remote and self.price_usd is None


@dataclass(frozen=True)
class Plan:
    scale: str
    asking: list[Asking]
    training: list[Run]
    reading: list[Run]  # by reward models
    disk: dict[str, float]  # bytes by kind
    assumed: dict[str, str]
    counted: list[str]  # paths whose rows were counted
    budget: list[Limit]  # only limits that are set
    gpu_gb: float  # assumed memory of a GPU
    orders: list[Order]  # numbers of rows that params ask for


def make(settings: Params) -> Plan:
    """What running everything in this folder would still take. Only reads files: asks nothing, writes nothing.

    Raises ParamsError if conf/plan.yaml or a launch configuration is unusable, RightsError if a stage would.
    """
    book, built = assumptions.load(), Built(settings)
    flow, machines = Flow(settings, book, built), Machines(settings, book)
    needs, folder = flow.asks(), paths.ledger()
    with closing(Ledger(folder)) if (folder / "ledger.sqlite").exists() else nullcontext() as ledger:  # creates none
        rehearsals = {stage: rehearse(stage, built) for stage in {stage: 0 for stage, model in needs if model}}
        asking = [_costs(*names, need, rehearsals[names[0]], flow, machines, ledger)
                  for names, need in needs.items() if names[1]]
        planned = {a.stage: a.price_usd for a in asking if a.price_usd is not None}
        budget = list(limits(settings.budget_usd, planned, ledger))
    trainings = Trainings(flow, machines)
    training = [_left(run, built) for run in trainings.all()]
    reading = [_left(trainings.reading(stage, need), built) for (stage, model), need in needs.items() if not model]
    disk, memory = _disk(flow, machines, asking, training), book.one("gpu.memory")
    ordered = orders(settings, flow)
    return Plan(
        settings.scale, asking, training, reading, disk, book.used, sorted({*built.counted}), budget, memory, ordered)


def _left(run: Run, built: Built) -> Run:
    """What remains of a training run: nothing if the stage is up to date."""
    return run if built.runs(run.stage) else replace(run, steps=ZERO, tokens=ZERO, hours=ZERO)


def _costs(
    stage: str, model: str, assumed: Need, rehearsals: dict[str, Rehearsal] | None, flow: Flow, machines: Machines,
    ledger: Ledger | None,
) -> Asking:
    rehearsal, need, unanswered = None, assumed, 0
    if rehearsals is not None:
        rehearsal = rehearsals.get(model, Rehearsal())
        need = needed(stage, rehearsal, assumed, ledger, flow.assumptions.rate("tokens.characters").expected)
        if (lead := next(iter(rehearsals.values()), rehearsal)) is not rehearsal:
            need += following(rehearsal, lead, assumed)
    if need.calls.high and not flow.built.runs(stage):
        need, unanswered = Need(), round(need.calls.expected) if rehearsal else 0
    price = machines.price(model)
    usd = (need.prompt_tokens * price.prompt + need.generated_tokens * price.completion) * 1e-6 if price else None
    return Asking(
        stage=stage, model=model, remote=isinstance(machines.settings.model(model), RemoteModel),
        known=len(rehearsal.known) if rehearsal else 0, unanswered=unanswered, measured=rehearsal is not None,
        price_usd=usd, hours=machines.hours(model, need), **vars(need), **vars(machines.server(model)))


def _disk(flow: Flow, machines: Machines, asking: list[Asking], training: list[Run]) -> dict[str, float]:
    """Bytes by kind, without raw files, which are small in comparison."""
    settings, one = flow.settings, flow.assumptions.one
    rows = total(flow.rows(name) for name in STORED).expected
    rows += flow.rows("pool").expected * len(settings.candidates.authors)
    tokens = sum(a.prompt_tokens.expected + a.generated_tokens.expected for a in asking)
    models = [name for name, m in settings.models.local.items() if isinstance(engines.get(m.engine), ServingEngine)]
    return {
        "weights": sum(WEIGHT * machines.shape(name).parameters for name in models),
        "checkpoints": sum((r.checkpoint for r in training), start=WEIGHT * machines.shape("base").parameters),
        "scratch": max((r.scratch for r in training), default=0.0),
        "artifacts": rows * one("disk.row") * 1e3,
        "ledger": tokens * one("disk.token"),
    }
