"""Rows and requests of stages that cannot be rehearsed: counted if built, else estimated from conf/plan.yaml."""

import re
from dataclasses import dataclass
from functools import reduce
from importlib import resources
from typing import Any

from ultramed.claims import remote_models_configured
from ultramed.errors import PromptError
from ultramed.params import Params
from ultramed.planning.assumptions import Assumptions, Request, Step, entry
from ultramed.planning.built import Built, at
from ultramed.planning.ranges import ZERO, Range, exact, total
from ultramed.rights import may_leave
from ultramed.synthetic import SOURCES


@dataclass(frozen=True, kw_only=True)
class Need:
    """Requests still to be sent, and their total prompt and generated tokens."""

    calls: Range = ZERO
    prompt_tokens: Range = ZERO
    generated_tokens: Range = ZERO

    def __add__(self, other: "Need") -> "Need":
        return Need(**{name: value + getattr(other, name) for name, value in vars(self).items()})


class Flow:
    """Evaluates the tables `rows` and `asks` of conf/plan.yaml for one set of params."""

    def __init__(self, settings: Params, assumptions: Assumptions, built: Built) -> None:
        self.settings, self.assumptions, self.built = settings, assumptions, built
        self._params = settings.model_dump(by_alias=True)
        self._known: dict[str, Range] = {}

    def rows(self, name: str) -> Range:
        """Rows of a stage (`evolve@medqa`, or `evolve` for all its keys), of a step, or of an input."""
        if name not in self._known:
            self._known[name] = self._rows(*name.partition("@")[::2])
        return self._known[name]

    def asks(self) -> dict[tuple[str, str], Need]:
        """Requests by (stage, model); the model is "" for a reward model in the stage's own process."""
        needs: dict[tuple[str, str], Need] = {}
        for request in self.assumptions.table.asks:
            for key in self._keys(request):
                stage, asked = f"{request.stage}@{key}" if key else request.stage, self._param(request.model, key) or ""
                models = asked if isinstance(asked, list) else [asked]  # dealt to in turn
                for model in models:
                    share = self._need(request, key, len(models))
                    needs[stage, model] = needs.get((stage, model), Need()) + share
        return needs

    def _keys(self, request: Request) -> list[str]:
        """The keys that the request applies to; "" for a stage without keys."""
        keys = self._param(request.foreach, "") if request.foreach else [""]
        return [key for key in keys if all(self._param(name, key) in values for name, values in request.when.items())]

    def _rows(self, stage: str, key: str) -> Range:
        name = f"{stage}@{key}" if key else stage
        if inputs := {"raw": self._raw, "source": self._source}.get(stage):
            return exact(inputs(key))
        if stage == "ordered":
            return self._ordered(key)
        steps = self.assumptions.table.rows
        step = steps.get(name) or entry("rows", steps, stage)
        if stage == "curate" and self.settings.curate.keep and not self.built.has("data/curated"):
            return total(self.rows(f"ordered@{source}") for source in self.settings.prefixes)
        if (counted := self.built.rows(name, step.table)) is not None:
            return exact(counted)
        if step.foreach and not key:
            return total(self.rows(f"{stage}@{each}") for each in self._param(step.foreach, ""))
        if step.mixture:
            return self._mixed(step, self._param(step.mixture, key))
        return self._amount(step, key)

    def _ordered(self, source: str) -> Range:
        """Rows of a source after curation: those that reach it, as far as curate.keep wants them."""
        made, share = SOURCES.get(source), exact(1)
        if made:
            rows = self.rows(f"evolve@{made.set}") + (self.rows(made.set) if made.written else ZERO)
        else:
            rows = self.rows(f"screen@{source}")
            share = self.assumptions.number("curate.kept") if self.settings.curate.min_score[source] > 1 else share
        order = self.settings.curate.keep.get(source)
        least = order if isinstance(order, int) else None if order is None else order * rows.expected
        return (rows * share).at_most(least).whole()

    def _mixed(self, step: Step, amounts: dict[str, float | int]) -> Range:
        """Rows of a mixture: of each set a number, or a multiple of its rows."""
        rows = {part: total(self.rows(name.replace("${set}", part)) for name in step.of) for part in amounts}
        return total(rows[part].at_most(amount) if isinstance(amount, int) else rows[part] * amount
                     for part, amount in amounts.items()).whole()

    def _amount(self, step: Step, key: str) -> Range:
        rows = total(self.rows(self._filled(name, key)) for name in step.of).at_most(self._param(step.at_most, key))
        rows = rows * (self._param(step.beyond, key) - 1) if step.beyond else rows
        term, amount = self._product(rows, step.times, key), ZERO
        for _ in range(self._param(step.repeat, key) or 1):
            amount, term = amount + term, self._product(term, step.again, key)
        return amount.whole()

    def _need(self, request: Request, key: str, models: int) -> Need:
        """The requests to one of the models that share them."""
        calls, each = (self._amount(request, key) * (1 / models)).whole(), [request.each] if request.each else []
        figures = map(self.assumptions.number, (request.read, request.write))
        read, write = (self._product(figure, each, key) for figure in figures)
        if request.prompt:
            read += self._prompt(self._param(request.prompt, key))
        write = write.at_most(self._param(request.bound, key))
        return Need(calls=calls, prompt_tokens=(calls * read).whole(), generated_tokens=(calls * write).whole())

    def _product(self, start: Range, factors: list[str], key: str) -> Range:
        return reduce(lambda product, name: product * self._factor(name, key), factors, start)

    def _factor(self, name: str, key: str) -> Range:
        """The value of a param or its number of entries; a figure if there is no such param."""
        value = self._param(name, key)
        if value is None:
            return self.assumptions.number(name)
        return exact(value if isinstance(value, int | float) else len(value))

    def _param(self, name: str | None, key: str) -> Any:
        """The value of a param; `key` stands for the part of a stage or step after its @."""
        return key if name == "key" else at(self._params, self._filled(name, key)) if name else None

    def _filled(self, text: str, key: str) -> str:
        return re.sub(r"\$\{(.+?)}", lambda match: str(self._param(match[1], key)), text)

    def _source(self, name: str) -> int:
        """Rows of a source that the screen admits, given their rights."""
        override = self.settings.release.overrides.get(name)
        rights = override.rights if override else self.settings.sources[name].rights
        if rights == "deny" or (remote_models_configured(self.settings) and not may_leave(rights)):
            return 0
        collected = self.built.rows(f"collect@{name}")
        return self._raw(name) if collected is None else collected

    def _raw(self, name: str) -> int:
        """Usable rows of a raw file, up to its limit."""
        settings, location = self.settings, ""
        section = settings.sources.get(name) or settings.general.get(name)
        if pin := settings.raw.get(name) or settings.general.get(name):
            location = pin.location
        return self.assumptions.raw(name, location, section.limit if section else None)

    def _prompt(self, name: str) -> float:
        """Tokens of a prompt file."""
        file = resources.files("ultramed.prompts").joinpath(f"{name}.md")
        if not file.is_file():
            raise PromptError(f"{name}.md", "is not a prompt file", "correct its name in params.yaml")
        return len(file.read_text(encoding="utf-8")) / self.assumptions.rate("tokens.characters").expected
