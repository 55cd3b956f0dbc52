"""`conf/plan.yaml`: what is assumed about stages that cannot be rehearsed yet, and which of it a plan has used."""

from pathlib import Path

from pydantic import Field, ValidationError
from ruamel.yaml import YAML, YAMLError

from ultramed.errors import ParamsError
from ultramed.params import Section
from ultramed.planning.ranges import Range

FILE = Path("conf/plan.yaml")


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
    tasks: dict[str, list[int]]
    rows: dict[str, Rows]
    asks: list[Request]
    models: dict[str, Shape]


class Assumptions:
    """The table, and a line for each figure that was asked for."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.used: dict[str, str] = {}

    def number(self, name: str) -> Range:
        """A figure. Raises ParamsError for one that the file lacks."""
        if name not in self.table.numbers:
            raise ParamsError(f"{FILE}: numbers.{name}", "is missing", f"`git checkout {FILE}` brings it back")
        number = self.table.numbers[name]
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

    def raw(self, name: str, limit: int | None) -> int:
        """Usable rows among the first `limit` of a raw file."""
        rows, unusable = self.table.raw.get(name, self.table.raw["other"]), self.table.unusable.get(name, 0)
        self.used[f"raw.{name}"] = f"{rows:,} rows, the first {unusable:,} unusable" if unusable else f"{rows:,} rows"
        return max(0, min(rows, limit or rows) - unusable)

    def tasks(self, form: str) -> list[int]:
        """Questions of each task of a benchmark's format."""
        if form not in self.table.tasks:
            raise ParamsError(f"{FILE}: tasks.{form}", "is missing", "add how many questions each of its tasks has")
        self.used[f"tasks.{form}"] = f"{sum(self.table.tasks[form]):,} questions"
        return self.table.tasks[form]


def load(path: Path = FILE) -> Assumptions:
    """Read the table. Raises ParamsError where it is missing or has a mistake."""
    try:
        return Assumptions(Table.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        raise ParamsError(str(path), "is not here", f"`git checkout {path}` brings it back") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(str(path), f"is not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ": ".join([str(path), ".".join(map(str, first["loc"]))]).removesuffix(": ")
        raise ParamsError(place, f"is {str(first['input'])[:60]!r}; {first['msg'].lower()}") from None
