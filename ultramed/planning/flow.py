"""Rows and requests of stages that cannot be rehearsed: counted where built, else as conf/plan.yaml says they flow."""

import re
from dataclasses import dataclass
from functools import reduce
from importlib import resources
from itertools import islice
from typing import Any

from ultramed.claims import remote_models_configured
from ultramed.errors import ParamsError, PromptError
from ultramed.params import Params
from ultramed.planning.assumptions import FILE, Assumptions, Request, Step
from ultramed.planning.built import Built, at
from ultramed.planning.ranges import Range, exact, total
from ultramed.rights import may_leave


@dataclass(frozen=True)
class Ask:
    """One kind of request of a stage: how many, and the tokens that one reads and writes."""

    stage: str
    model: str  # "" for a reward model in the stage's own process
    calls: Range
    prompt: Range
    generated: Range


class Flow:
    """Evaluates the tables `rows` and `asks` of conf/plan.yaml under one set of params."""

    def __init__(self, settings: Params, assumptions: Assumptions, built: Built) -> None:
        self.settings, self.assumptions, self.built = settings, assumptions, built
        self._params = settings.model_dump(by_alias=True)
        self._known: dict[str, Range] = {}

    def rows(self, name: str) -> Range:
        """Rows of a stage (`evolve@medqa`, or `evolve` for all its keys), of a step, or of an input."""
        if name not in self._known:
            self._known[name] = self._rows(*name.partition("@")[::2])
        return self._known[name]

    def asks(self) -> list[Ask]:
        """All requests of a run, in the table's order."""
        table = self.assumptions.table.asks
        return [self._ask(one, key) for one in table for key in (self._param(one.foreach, "") if one.foreach else [""])
                if all(self._param(name, key) in values for name, values in one.when.items())]

    def _rows(self, stage: str, key: str) -> Range:
        name, inputs = f"{stage}@{key}" if key else stage, {"raw": self._raw, "source": self._source}
        if stage in inputs:
            return inputs[stage](key)
        if stage == "items":
            return self._items()
        step = self.assumptions.table.rows.get(name) or self.assumptions.table.rows.get(stage)
        if step is None:
            raise ParamsError(f"{FILE}: rows.{name}", "is missing", f"`git checkout {FILE}` brings it back")
        if (counted := self.built.rows(name, step.table)) is not None:
            return exact(counted)
        if step.foreach and not key:
            return total(self.rows(f"{stage}@{each}") for each in self._param(step.foreach, ""))
        return self._amount(step, key)

    def _amount(self, step: Step, key: str) -> Range:
        rows = total(self.rows(self._filled(name, key)) for name in step.of)
        term, amount = self._product(rows.at_most(self._param(step.at_most, key)), step.times, key), exact(0)
        for _ in range(self._param(step.repeat, key) or 1):
            amount, term = amount + term, self._product(term, step.again, key)
        return amount.whole()

    def _ask(self, request: Request, key: str) -> Ask:
        read, write = (self._product(self.assumptions.number(name), [request.each] if request.each else [], key)
                       for name in (request.read, request.write))
        if request.prompt:
            read += self._prompt(self._param(request.prompt, key))
        return Ask(f"{request.stage}@{key}" if key else request.stage, self._param(request.model, key) or "",
                   self._amount(request, key), read, write.at_most(self._param(request.bound, key)))

    def _product(self, start: Range, factors: list[str], key: str) -> Range:
        return reduce(lambda product, name: product * self._factor(name, key), factors, start)

    def _factor(self, name: str, key: str) -> Range:
        """A figure, or a param: its value, or how many entries it has."""
        if name in self.assumptions.table.numbers:
            return self.assumptions.number(name)
        value = self._param(name, key)
        if value is None:
            return self.assumptions.number(name)  # neither: it says so
        return exact(value if isinstance(value, int | float) else len(value))

    def _param(self, name: str | None, key: str) -> Any:
        if name is None or name == "key":
            return key if name else None
        return at(self._params, self._filled(name, key))

    def _filled(self, text: str, key: str) -> str:
        return re.sub(r"\$\{(.+?)}", lambda match: str(self._param(match[1], key)), text)

    def _source(self, name: str) -> Range:
        """Rows of a source that the screen lets in by their rights."""
        override = self.settings.release.overrides.get(name)
        rights = override.rights if override else self.settings.sources[name].rights
        if rights == "deny" or (remote_models_configured(self.settings) and not may_leave(rights)):
            return exact(0)
        counted = self.built.rows(f"collect@{name}")
        return self._raw(name) if counted is None else exact(counted)

    def _raw(self, name: str) -> Range:
        """Usable rows of a raw file, up to its limit."""
        from ultramed.sources import collect
        from ultramed.sources.general import read as general
        from ultramed.sources.raw import Broken

        source, other = self.settings.sources.get(name), self.settings.general.get(name)
        limit = source.limit if source else other.limit if other else None
        folder = self.built.raw(name, self.settings.raw[name].location)
        if folder is None or not (source or other or name == self.settings.textbook.corpus):
            return exact(self.assumptions.raw(name, limit))
        if source:
            return exact(sum(not isinstance(r, Broken) for r in islice(collect.reader(source.format)(folder), limit)))
        if other:
            return exact(sum(1 for _ in islice(general.reader(other.format)(folder), limit)))
        return exact(sum(len(book.read_bytes().splitlines()) for book in folder.rglob("*.jsonl")))

    def _items(self) -> Range:
        """Benchmark questions that a policy answers once."""
        limit = self.settings.evaluate.items
        sizes = [size for b in self.settings.benchmarks.values() for size in self.assumptions.tasks(b.format)]
        return exact(sum(min(size, limit or size) for size in sizes))

    def _prompt(self, name: str) -> float:
        """Tokens of a prompt file."""
        file = resources.files("ultramed.prompts").joinpath(f"{name}.md")
        if not file.is_file():
            raise PromptError(f"{name}.md", "is no prompt file", "correct its name in params.yaml")
        return len(file.read_text(encoding="utf-8")) / self.assumptions.rate("tokens.characters").expected
