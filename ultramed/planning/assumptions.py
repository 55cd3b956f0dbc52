"""`conf/plan.yaml`: what is assumed about stages that cannot be rehearsed yet, and which of it a plan has used."""

from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from ultramed.errors import ParamsError
from ultramed.graph.lock import read
from ultramed.params import Section
from ultramed.planning.ranges import Range

FILE = Path("conf/plan.yaml")
SAMPLE = "data/raw/sample"  # small sets that are embedded in the repository
Kind = TypeVar("Kind")


class Number(Section):
    expected: float
    low: float | None = None
    high: float | None = None
    why: str


class Step(Section):
    """Rows, or requests: of × times × (1 + again + again² …, `repeat` terms)."""

    of: list[str]  # rows that are added; `${key}` and `${a.param}` are filled in
    at_most: str | None = None  # a param that limits them
    times: list[str] = []  # figures or params
    again: list[str] = []
    repeat: str | None = None  # a param
    foreach: str | None = None  # a param with one entry a key


class Rows(Step):
    table: str = "rows"  # of the artifact, counted once it is built


class Request(Step):
    stage: str
    model: str | None = None  # the param that names it; None for a reward model in the stage's own process
    when: dict[str, list[str]] = {}  # only at these values of params
    prompt: str | None = None  # the param that names a prompt file
    read: str  # figures: tokens of one request
    write: str
    each: str | None = None  # a param that multiplies both
    bound: str | None = None  # a param: the most that one writes


class Shape(Section):
    """A model's architecture; parameters in billions, `active` of them for one token."""

    parameters: float = Field(gt=0)
    active: float | None = None
    hidden: int
    layers: int
    vocabulary: int


class Table(Section):
    numbers: dict[str, Number]
    raw: dict[str, int]
    unusable: dict[str, int]
    rows: dict[str, Rows]
    asks: list[Request]
    models: dict[str, Shape]


class Assumptions:
    """The table, and a line for each figure that was asked for."""

    def __init__(self, table: Table) -> None:
        self.table, self.used = table, dict[str, str]()

    def number(self, name: str) -> Range:
        """A figure. Raises ParamsError for one that the file lacks."""
        number = entry("numbers", self.table.numbers, name)
        low, high = (number.expected if end is None else end for end in (number.low, number.high))
        ends = "" if low == high else f" ({low:g} to {high:g})"
        self.used[name] = f"{number.expected:g}{ends}: {number.why}"
        return Range(low, number.expected, high)

    def one(self, name: str) -> float:
        """The expected value of a figure."""
        return self.number(name).expected

    def rate(self, name: str) -> Range:
        """A figure to divide by. Raises ParamsError for one that is not above 0."""
        rate = self.number(name)
        if (least := min(vars(rate).values())) <= 0:
            raise ParamsError(f"{FILE}: numbers.{name}", f"is {least:g}; a number above 0 was expected")
        return rate

    def raw(self, name: str, location: str, limit: int | None) -> int:
        """Usable rows of a raw file, `limit` of them at most."""
        sizes = self.table.raw
        rows, unusable = sizes.get(name, sizes["other"]), self.table.unusable.get(name, 0)
        if location.startswith(SAMPLE):
            rows, unusable = min(rows, sizes["sample"]), 0
        self.used[f"raw.{name}"] = f"{rows:,} rows, of which {unusable:,} are unusable"
        usable = rows - unusable
        return min(usable, limit or usable)


def entry(section: str, entries: dict[str, Kind], name: str) -> Kind:
    """An entry of the file. Raises ParamsError where it is missing."""
    if name not in entries:
        raise ParamsError(f"{FILE}: {section}.{name}", "is missing", f"`git checkout {FILE}` brings it back")
    return entries[name]


def load(path: Path = FILE) -> Assumptions:
    """Read the table. Raises ParamsError where it is missing or has a mistake."""
    if not path.exists():
        raise ParamsError(str(path), "is not here", f"`git checkout {path}` brings it back")
    try:
        return Assumptions(Table.model_validate(read(path)))
    except ValidationError as error:
        first = error.errors()[0]
        place = ": ".join([str(path), ".".join(map(str, first["loc"]))]).removesuffix(": ")
        raise ParamsError(place, f"is {str(first['input'])[:60]!r}; {first['msg'].lower()}") from None
