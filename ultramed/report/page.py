"""`reports/index.html`: one file that opens from disk, needs no network, and has the same bytes for the same data."""

from pathlib import Path
from typing import Any

import jinja2

from ultramed import tables
from ultramed.embeddings import ENCODER
from ultramed.gates.store import Store
from ultramed.params import Params
from ultramed.report.benchmarks import benchmarks, generations
from ultramed.report.blocks import Section
from ultramed.report.composition import composition, distributions
from ultramed.report.judging import judging, pairs
from ultramed.report.summary import metrics
from ultramed.report.synthesis import answers, drafts
from ultramed.report.topics import topics
from ultramed.report.training import training
from ultramed.report.verdicts import completions, gates, money, splits, verdicts

TILES = {
    "instructions": "instructions", "completed": "with an accepted answer", "candidates": "candidate answers",
    "judged": "instructions judged", "pairs": "preference pairs", "selected": "pairs selected",
    "dropped": "rows dropped", "quarantined": "rows quarantined", "generated_tokens": "tokens generated for it",
    "price_usd": "USD",
}


def write(params: Params, base: Path = Path("."), encoder: Path = ENCODER) -> None:
    """Write `reports/index.html` under `base`. Raises SourceError if an artifact is missing, ModelError if the
    encoder is."""
    tables.write_text(base / "reports" / "index.html", render(Store(params, base), encoder))


def render(store: Store, encoder: Path) -> str:
    """The whole page."""
    from plotly.offline import get_plotlyjs

    folder = jinja2.PackageLoader("ultramed", "report")
    environment = jinja2.Environment(loader=folder, autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True)
    figures = metrics(store)
    return environment.get_template("page.html.j2").render(
        sections=sections(store, encoder), plotly=get_plotlyjs(), scale=store.params.scale, seed=store.params.seed,
        tiles=[(_shown(name, figures[name]), words) for name, words in TILES.items()],
        demonstration=demonstration(store.params)) + "\n"


def sections(store: Store, encoder: Path) -> list[Section]:
    """The page's sections in reading order."""
    return [composition(store), distributions(store), topics(store, encoder), drafts(store), verdicts(store),
            completions(store), answers(store), judging(store), pairs(store), splits(store), training(store),
            benchmarks(store), generations(store), gates(store), money(store)]


def demonstration(params: Params) -> list[str]:
    """Names of models in use that only demonstrate the pipeline."""
    asking: list[Any] = [params.textbook, params.wikipedia, params.evolve, params.score, params.complete, params.judge,
                         *params.candidates.pool.values()]
    names = {*(a.model for a in asking), *params.evolve.verifier, *params.complete.solver}
    return sorted(name for name in names if params.model(name).demonstration)


def _shown(name: str, value: float) -> str:
    return f"{value:,.2f}" if name == "price_usd" else f"{value:,.0f}"
