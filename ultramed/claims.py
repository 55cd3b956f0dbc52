"""The rights class of a row, derived from every party with a claim on it: its source, the models that wrote it, the
teacher of its completion and the model that scored it; for a pair, also both candidates' models and the judge. Anything
unclassified is `deny`.

Classes are today's, from params: a model or source that is read anew changes what its old rows may be used for.

Example: a MedQA row (recipe) answered by an open model is `recipe`; `open` and `research` withhold it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ultramed import artifacts
from ultramed.params import Params, RemoteModel
from ultramed.records import Instruction
from ultramed.rights import most_restrictive
from ultramed.synthetic import MEDQA_EVOL, TEXTBOOKQA, WIKIINSTRUCT


@dataclass(frozen=True)
class Claim:
    """One party with a claim on a row, and what it allows."""

    holder: str  # source medqa, model smollm2 …
    rights: str


class Claims:
    """Rights classes of rows and pairs under one set of params. `models` maps each model's name in params to what its
    terms allow; None takes this from params."""

    def __init__(self, params: Params, models: Mapping[str, str] | None = None) -> None:
        self._params = params
        entries = (params.models.local | params.models.remote).items()
        self._models = {name: model.rights for name, model in entries} if models is None else models

    def source(self, row: Instruction) -> Claim:
        """What the text behind the row and the models that wrote or evolved it allow."""
        return self.of_source(row.source, row.round > 0)

    def of_source(self, source: str, evolved: bool = False) -> Claim:
        """The same of all rows of a source that were evolved, or that were not."""
        params, authors = self._params, [self._params.evolve.model] if evolved or source == MEDQA_EVOL.source else []
        text = self._declared(source)
        if source == TEXTBOOKQA.source:
            text, authors = self._text(source, params.textbook.rights), [params.textbook.model, *authors]
        elif source == WIKIINSTRUCT.source:
            text, authors = self._text(source, params.wikipedia.rights), [params.wikipedia.model, *authors]
        elif source == MEDQA_EVOL.source and source not in params.release.overrides:
            text = self._declared(MEDQA_EVOL.set)
        return strictest([text, *map(self.model, authors)])

    def _declared(self, source: str) -> Claim:
        declared = self._params.sources.get(source)
        return self._text(source, declared.rights if declared else "deny")

    def _text(self, source: str, rights: str) -> Claim:
        """A signed override replaces what params say of a source."""
        override = self._params.release.overrides.get(source)
        return Claim(f"source {source}", override.rights if override else rights)

    def model(self, name: str) -> Claim:
        """What a model's terms allow, by its name in params or the name of a pool member. The row's own answer
        (`source`) adds no restriction."""
        if name == "source":
            return Claim("the row's own answer", "open")
        member = self._params.candidates.pool.get(name)
        if name not in self._models and member is not None:
            return self.model(member.model)
        if name in self._params.policies:  # a pool member trained here
            return Claim(f"model {name}", self._params.model(name).rights)
        return Claim(f"model {name}", self._models.get(name, "deny"))

    def instruction(self, source: Claim, teacher: str | None) -> Claim:
        """The class of a row with its score and, if `teacher` is given, that model's completion."""
        claims = [source, self.model(self._params.score.model)]
        return strictest(claims + ([self.model(teacher)] if teacher else []))

    def judged(self, source: Claim, *models: str) -> Claim:
        """The class of a row's candidates with their feedback: a pair, or one candidate's rank. `models` are their
        authors and the judge."""
        return strictest([source, *map(self.model, models)])


def strictest(claims: list[Claim]) -> Claim:
    """The deciding claim: the first of the most restrictive class."""
    worst = most_restrictive(*(claim.rights for claim in claims))
    return next(Claim(claim.holder, worst) for claim in claims if most_restrictive(claim.rights) == worst)


def remote_models_configured(params: Params) -> bool:
    """Whether any stage's model is remote and not trusted. A loopback address counts too, because it may forward
    elsewhere."""
    models = map(params.model, params.asked.values())
    return any(isinstance(model, RemoteModel) and not model.trusted for model in models)


def of_models(params: Params) -> dict[Path, str]:
    """The files, with their text, that state the two facts about models that rows depend on. A changed port, price or
    limit changes neither, so it remakes no rows."""
    models = sorted((params.models.local | params.models.remote).items())
    allowed = {name: model.rights for name, model in models}
    facts = {artifacts.RIGHTS: allowed, artifacts.REMOTE: {"asked": remote_models_configured(params)}}
    return {path: json.dumps(content, indent=1) + "\n" for path, content in facts.items()}
