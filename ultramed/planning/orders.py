"""What is ordered in numbers, what there will be of it, and what is missing because of what."""

from collections.abc import Iterator
from dataclasses import dataclass

from ultramed import artifacts, tables
from ultramed.claims import Claims
from ultramed.params import MEDICAL, RANKED, Params
from ultramed.planning.flow import Flow
from ultramed.planning.ranges import ZERO, Range, exact
from ultramed.records import Verdict
from ultramed.synthetic import SOURCES


@dataclass(frozen=True)
class Order:
    """A number of rows that params ask for."""

    place: str  # curate.keep.medmcqa
    need: int
    have: Range
    why: str  # what keeps the rest away, as far as it is known

    @property
    def short(self) -> float:
        """Rows that will be missing, as expected."""
        return max(0.0, self.need - self.have.expected)


def orders(settings: Params, flow: Flow) -> list[Order]:
    """Every number under curate.keep, candidates.prompts and mix."""
    return [*_kept(settings, flow), *_asked(settings, flow), *_mixed(settings, flow)]


def _kept(settings: Params, flow: Flow) -> Iterator[Order]:
    for source, need in settings.curate.keep.items():
        if isinstance(need, int):
            yield Order(f"curate.keep.{source}", need, *_available(source, settings, flow))


def _available(source: str, settings: Params, flow: Flow) -> tuple[Range, str]:
    """Rows of a source that curation could keep, and what the others fail by."""
    if flow.built.has(str(artifacts.CURATED)):
        prefix = settings.prefixes[source]
        found = [v for v in tables.read(artifacts.CURATED, Verdict, "verdicts") if v.id.startswith(f"{prefix},")]
        codes = sorted({v.code for v in found if v.code not in ("kept", "surplus")})
        return exact(sum(v.code in ("kept", "surplus") for v in found)), f"curate: {', '.join(codes)}" if codes else ""
    if made := SOURCES.get(source):
        rows = flow.rows(f"evolve@{made.set}") + (flow.rows(made.set) if made.written else ZERO)
        return rows, "drafts that are flawed, say nothing new, or have a key that solvers do not find"
    if not (raw := flow.rows(f"source@{source}").expected):
        return ZERO, f"rights: {source} is {settings.sources[source].rights}, and a model of these params is remote"
    screened = flow.rows(f"screen@{source}")
    share = flow.assumptions.number("curate.kept") if settings.curate.min_score[source] > 1 else exact(1)
    below = "; the minimum score" if settings.curate.min_score[source] > 1 else ""
    return (screened * share).whole(), f"of {raw:,.0f} rows: duplicates, leaks, dirt, identifiers{below}"


def _asked(settings: Params, flow: Flow) -> Iterator[Order]:
    limit = settings.candidates.prompts
    for source, need in limit.items() if isinstance(limit, dict) else ():
        have, why = _available(source, settings, flow)
        order = settings.curate.keep.get(source)
        if isinstance(order, int):
            have, why = have.at_most(order), why if order > have.expected else f"curate.keep.{source} is {order}"
        yield Order(f"candidates.prompts.{source}", need, have, why)


def _mixed(settings: Params, flow: Flow) -> Iterator[Order]:
    for kind, mixtures in settings.mixtures.items():
        of = "example" if kind == "instructions" else "preference"
        for name, amounts in mixtures.items():
            for part, need in amounts.items():
                if isinstance(need, int):
                    have, why = flow.rows(f"{of}@{part}"), "duplicates, leaks, length"
                    if part in (MEDICAL, RANKED):
                        why = _withheld(settings)
                    elif (rights := settings.general[part].rights) not in settings.mix.allows:
                        have, why = ZERO, f"rights: {part} is {rights}, and mix.allows lacks it"
                    yield Order(f"mix.{kind}.{name}.{part}", need, have, why)


def _withheld(settings: Params) -> str:
    """Sources whose rows no model may learn from."""
    claims = Claims(settings)
    barred = [source for source in settings.prefixes if claims.of_source(source).rights not in settings.mix.allows]
    rest = "rows without an answer, of the dev and test splits"
    return f"rights: {', '.join(barred)}; {rest}" if barred else rest
