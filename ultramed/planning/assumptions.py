"""What is assumed where nothing can be counted: `conf/plan.yaml`, and a list of what of it was used."""

from pathlib import Path
from typing import TypeVar

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


class SourceSize(Section):
    words: int
    kept: float
    rows: int = 0
    lost: int = 0
    why: str


class Rows(Section):
    rows: int
    why: str


class Tasks(Section):
    tasks: list[int]
    why: str


class Shape(Section):
    """A model's architecture; parameters in billions."""

    parameters: float = Field(gt=0)
    active: float | None = None
    hidden: int
    layers: int
    vocabulary: int


class Table(Section):
    numbers: dict[str, Number]
    sources: dict[str, SourceSize]
    general: dict[str, Rows]
    corpora: dict[str, Rows]
    benchmarks: dict[str, Tasks]
    models: dict[str, Shape]


Kind = TypeVar("Kind")


class Book:
    """The table, and a line for each entry that was asked for."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.used: dict[str, str] = {}

    def number(self, name: str) -> Range:
        found = self.named(self.table.numbers, "numbers", name)
        low, high = (found.expected if v is None else v for v in (found.low, found.high))
        ends = "" if low == high else f" ({low:g} to {high:g})"
        self.used[name] = f"{found.expected:g}{ends}: {found.why}"
        return Range(low, found.expected, high)

    def rate(self, name: str) -> Range:
        """A number that something is divided by. Raises ParamsError for one that is not above 0."""
        found = self.number(name)
        if (least := min(found.low, found.expected, found.high)) <= 0:
            raise ParamsError(f"{FILE}: numbers.{name}", f"is {least:g}; a number above 0 was expected")
        return found

    def source(self, name: str) -> SourceSize:
        found = self.table.sources.get(name) or self.named(self.table.sources, "sources", "other")
        self.used[f"sources.{name}"] = f"{found.words} words a question, {found.kept:g} of its rows kept: {found.why}"
        return found

    def rows(self, section: str, name: str) -> int:
        """Rows of a raw file that does not lie here; of `general`, `corpora` or `sources`."""
        entries = getattr(self.table, section)
        found = entries.get(name) or self.named(entries, section, "other")
        self.used[f"{section}.{name}.rows"] = f"{found.rows:,}: {found.why}"
        return found.rows

    def tasks(self, benchmark: str) -> list[int]:
        """Questions of each task of a benchmark that is not here."""
        entries = self.table.benchmarks
        found = entries.get(benchmark) or self.named(entries, "benchmarks", "other")
        self.used[f"benchmarks.{benchmark}"] = f"{sum(found.tasks):,} questions: {found.why}"
        return found.tasks

    def named(self, entries: dict[str, Kind], section: str, name: str) -> Kind:
        """Raises ParamsError for an entry that the file lacks."""
        if name not in entries:
            raise ParamsError(f"{FILE}: {section}.{name}", "is missing", f"`git checkout {FILE}` brings it back")
        return entries[name]


def load(path: Path = FILE) -> Book:
    """Read the table. Raises ParamsError where it is missing or has a mistake."""
    try:
        return Book(Table.model_validate(YAML(typ="safe").load(path.read_text(encoding="utf-8"))))
    except FileNotFoundError:
        raise ParamsError(str(path), "is not here", f"`git checkout {path}` brings it back") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ParamsError(str(path), f"is not valid YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ": ".join([str(path), ".".join(map(str, first["loc"]))]).removesuffix(": ")
        raise ParamsError(place, f"is {str(first['input'])[:60]!r}; {first['msg'].lower()}") from None
