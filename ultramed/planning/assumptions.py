"""`conf/plan.yaml`: assumptions about stages that cannot be rehearsed yet, and a record of those a plan has used."""

from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from ultramed.errors import ParamsError
from ultramed.graph.lock import read
from ultramed.params import Section
from ultramed.planning.ranges import Range

FILE = Path("conf/plan.yaml")
SAMPLE = "data/raw/sample"  # the small sets that ship with the repository
Kind = TypeVar("Kind")


class Number(Section):
    expected: float
    low: float | None = None
    high: float | None = None
    why: str


class Step(Section):
    """A number of rows or requests: of × times × (1 + again + again² …, `repeat` terms)."""

    of: list[str]  # row counts to add up; `${key}` and `${a.param}` are filled in
    at_most: str | None = None  # a param that caps the sum
    times: list[str] = []  # figures or params
    again: list[str] = []
    repeat: str | None = None  # a param
    mixture: str | None = None  # a param: sets and amounts, `${set}` in `of` is filled in for each
    beyond: str | None = None  # a param of which one is counted elsewhere: times (it − 1)
    foreach: str | None = None  # a param with one entry per key


class Rows(Step):
    table: str = "rows"  # the artifact's table, counted once it is built


class Request(Step):
    stage: str
    model: str | None = None  # the param that names one or several models; None: a reward model in the stage's process
    when: dict[str, list[str | bool]] = {}  # applies only at these values of params
    prompt: str | None = None  # the param that names a prompt file
    read: str  # figure: prompt tokens of one request
    write: str  # figure: generated tokens of one request
    each: str | None = None  # a param that multiplies both
    bound: str | None = None  # a param: the most tokens one request generates


class Shape(Section):
    """A model's architecture; parameters in billions, of which `active` are used for one token."""

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
    """The table, and a line for each figure that was looked up."""

    def __init__(self, table: Table) -> None:
        self.table, self.used = table, dict[str, str]()

    def number(self, name: str) -> Range:
        """A figure. Raises ParamsError if the file lacks it."""
        number = entry("numbers", self.table.numbers, name)
        low, high = (number.expected if end is None else end for end in (number.low, number.high))
        ends = "" if low == high else f" ({low:g} to {high:g})"
        self.used[name] = f"{number.expected:g}{ends}: {number.why}"
        return Range(low, number.expected, high)

    def one(self, name: str) -> float:
        """The expected value of a figure."""
        return self.number(name).expected

    def rate(self, name: str) -> Range:
        """A figure used as a divisor. Raises ParamsError if it is not above 0."""
        rate = self.number(name)
        if (least := min(vars(rate).values())) <= 0:
            raise ParamsError(f"{FILE}: numbers.{name}", f"is {least:g}; expected a number above 0")
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
    """An entry of the file. Raises ParamsError if it is missing."""
    if name not in entries:
        raise ParamsError(f"{FILE}: {section}.{name}", "is missing", f"`git checkout {FILE}` restores it")
    return entries[name]


def load(path: Path = FILE) -> Assumptions:
    """Read the table. Raises ParamsError if it is missing or invalid."""
    if not path.exists():
        raise ParamsError(str(path), "not found", f"`git checkout {path}` restores it")
    try:
        return Assumptions(Table.model_validate(read(path)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ": ".join([str(path), ".".join(map(str, first["loc"]))]).removesuffix(": ")
        raise ParamsError(where, f"is {str(first['input'])[:60]!r}; {first['msg'].lower()}") from None
