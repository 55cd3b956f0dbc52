"""All of `params.yaml`, and the checks across its sections."""

from collections.abc import Iterable
from typing import Literal

from pydantic import model_validator

from ultramed import methods
from ultramed.params.base import Section, Seed
from ultramed.params.data import (
    Candidates,
    Check,
    Collect,
    Complete,
    Curate,
    Decontaminate,
    Dedup,
    Evolve,
    Judge,
    PairRules,
    Release,
    Score,
    Screen,
    Solve,
    Split,
    Textbook,
    Wikipedia,
)
from ultramed.params.inputs import Benchmark, GeneralSet, Source
from ultramed.params.models import BudgetUSD, LocalModel, Models, Pin, RemoteModel
from ultramed.params.names import Key, Name
from ultramed.params.training import Base, Evaluate, Iterate, Mix, Serving, Trained, Training
from ultramed.rights import most_restrictive
from ultramed.synthetic import SOURCES

GROUPS = ("benchmarks", "general")  # sections fetched as a whole, into data/raw/<section>/<name>
MEDICAL = "medical"  # this repository's own rows, in a mixture
RANKED = "ranked"  # all its rank-ordered pairs, among preferences


class Params(Section):
    """All of `params.yaml`."""

    scale: Name  # laptop, workstation, paper …: the patch of conf/scale/ that was applied
    seed: Seed  # every other seed is derived from it
    prompts: Literal["brief", "full"]  # those for demonstration models, or for strong ones
    raw: dict[Key, Pin]  # inputs by name
    models: Models
    budget_usd: BudgetUSD
    sources: dict[Key, Source]
    benchmarks: dict[Key, Benchmark]
    collect: Collect
    screen: Screen
    dedup: Dedup
    decontaminate: Decontaminate
    textbook: Textbook
    wikipedia: Wikipedia
    solve: Solve
    evolve: Evolve
    score: Score
    curate: Curate
    split: Split
    complete: Complete
    candidates: Candidates
    judge: Judge
    pair: PairRules
    checks: dict[Key, Check]  # by artifact
    release: Release
    base: Base
    general: dict[Key, GeneralSet]
    mix: Mix
    training: Training
    train: dict[Key, Trained]  # by the name of the resulting model
    iterate: Iterate
    serving: Serving
    evaluate: Evaluate

    @model_validator(mode="after")
    def _names_refer_to_something(self) -> "Params":
        known = sorted([*self.models.local, *self.models.remote])
        # models that learn from preferences are trained after the pool has answered
        students = ["base", *(n for n, t in self.train.items() if t.data == "instructions")]
        for where, name in self.asked.items():
            allowed = [*known, *students] if where.startswith("candidates.") else known
            if name not in allowed:
                raise ValueError(f"{where} is '{name}', which is no name in models; expected one of "
                                 f"{', '.join(allowed)}")
        for name, member in self.candidates.pool.items():
            if name == "source" or (name in {*known, *self.ours} and name != member.model):
                raise ValueError(f"candidates.pool.{name}: a model or the row's own answer has that name; choose "
                                 "another")
        if self.pair.author_share < (least := 1 / len(self.candidates.authors)):
            raise ValueError(f"pair.author_share is {self.pair.author_share}; expected {least:.2g} or more, as there "
                             f"are {len(self.candidates.authors)} authors")
        for name in [*self.sources, self.textbook.corpus]:
            if name not in self.raw:
                raise ValueError(f"raw.{name} is missing: every source and corpus has a pinned raw input")
        for name in GROUPS:
            if name in self.raw:
                raise ValueError(f"raw.{name}: the folder of that name holds the section {name}; choose another name")
        if self.split.dev + self.split.test >= 1:
            raise ValueError(f"split.dev + split.test is {self.split.dev + self.split.test}; expected less than 1")
        widest = self.judge.scale - 1
        for rule, margin in (("easy", self.pair.easy), ("hard", self.pair.hard)):
            if margin > widest:
                raise ValueError(f"pair.{rule} is {margin}; expected {widest} at most, the widest margin on a scale of "
                                 f"1 to {self.judge.scale} (judge.scale)")
        return self

    @model_validator(mode="after")
    def _sources_can_be_told_apart(self) -> "Params":
        owners: dict[str, str] = {s.prefix: f"{name}, which this pipeline writes" for name, s in SOURCES.items()}
        for section, entries in (("sources", self.sources), ("general", self.general)):
            for name, entry in entries.items():
                if (owner := owners.setdefault(entry.prefix, f"{section}.{name}")) != f"{section}.{name}":
                    raise ValueError(f"{section}.{name}.prefix is '{entry.prefix}', as that of {owner}; row ids start "
                                     "with it, so choose another")
        return self

    @model_validator(mode="after")
    def _sources_have_thresholds(self) -> "Params":
        """Scores are paid for before `curate` reads a threshold."""
        made = [s.source for s in SOURCES.values() if s.written or s.set in self.evolve.sets]
        needed, stated = [*self.sources, *made], self.curate.min_score
        allowed = {*needed, *SOURCES, *self.raw}  # raw: an experiment may leave out a source but not its threshold
        if unknown := next((name for name in stated if name not in allowed), ""):
            raise ValueError(f"curate.min_score.{unknown} is no source; expected one of {', '.join(needed)}")
        for setting in ("keep", "answer_share"):
            if unknown := next((name for name in getattr(self.curate, setting) if name not in allowed), ""):
                raise ValueError(f"curate.{setting}.{unknown} is no source; expected one of {', '.join(needed)}")
        if missing := [name for name in needed if name not in stated]:
            raise ValueError(f"curate.min_score: has no threshold for {', '.join(missing)}; every source of rows needs "
                             "one")
        return self

    @model_validator(mode="after")
    def _overrides_are_of_sources(self) -> "Params":
        known = [*self.sources, *SOURCES, *self.general]
        for name in self.release.overrides:
            if name not in known and name not in self.raw:
                raise ValueError(f"release.overrides.{name} is no source; expected one of {', '.join(known)}")
        return self

    @model_validator(mode="after")
    def _budgets_are_of_stages_that_ask(self) -> "Params":
        """A misspelt name would limit nothing."""
        parts: dict[str, Iterable[str]] = {
            "evolve": self.evolve.sets, "candidates": self.candidates.pool, "sample": self.iterate.rounds,
            "evaluate": self.evaluate.policies, "ensemble": self.evaluate.ensembles}
        known = ["textbook", "wikipedia", "score", "complete", "judge", *parts,
                 *(f"{stage}@{part}" for stage, names in parts.items() for part in names)]
        for name in self.budget_usd.stages:
            if name not in known:
                raise ValueError(f"budget_usd.stages.{name} is no stage that asks a model; expected one of "
                                 f"{', '.join(known)}")
        return self

    @model_validator(mode="after")
    def _trained_models_fit_together(self) -> "Params":
        if twice := {*self.ours} & {*self.models.local, *self.models.remote}:
            raise ValueError(f"train.{min(twice)}: a model under models has that name; choose another")
        if self.base.model not in self.models.local:
            raise ValueError(f"base.model is '{self.base.model}', which is no name in models.local; expected one of "
                             f"{', '.join(self.models.local)}")
        as_policy = {f"train.{n}.from": t.from_ for n, t in self.train.items()}
        as_policy |= {f"iterate.rounds.{n}.from": r.from_ for n, r in self.iterate.rounds.items()}
        as_policy |= {f"evaluate.policies.{n}": n for n in self.evaluate.policies}
        as_policy |= {f"evaluate.ensembles.{n}": n for n in self.evaluate.ensembles}
        for where, name in as_policy.items():
            if name not in self.policies:
                raise ValueError(f"{where} is '{name}', which {self._kind(name)}; expected one of "
                                 f"{', '.join(self.policies)}")
        rewards = [name for name in self.ours if name not in self.policies]
        as_reward_model = {"iterate.reward": self.iterate.reward} if self.iterate.rounds else {}
        as_reward_model |= {f"evaluate.ensembles.{n}.reward": e.reward for n, e in self.evaluate.ensembles.items()}
        as_reward_model |= {f"evaluate.reward_models.{n}": n for n in self.evaluate.reward_models}
        for where, name in as_reward_model.items():
            if name not in rewards:
                raise ValueError(f"{where} is '{name}', which {self._kind(name)}; expected a reward model: "
                                 f"{', '.join(rewards) or 'there is none'}")
        recipes = {"iterate.recipe": self.iterate.recipe}
        recipes |= {f"iterate.rounds.{n}.recipe": r.recipe for n, r in self.iterate.rounds.items() if r.recipe}
        for where, recipe in recipes.items():
            if recipe.method not in methods.on_policy():
                raise ValueError(f"{where}.method is {recipe.method}; expected {' or '.join(methods.on_policy())}")
        return self

    def _kind(self, name: str) -> str:
        return "is a policy" if name in self.policies else "is a reward model" if name in self.ours else "is unknown"

    @model_validator(mode="after")
    def _mixtures_have_rows(self) -> "Params":
        own = {"instructions": (MEDICAL,), "preferences": (MEDICAL, RANKED)}
        for kind, mixtures in self.mixtures.items():
            for mixture, amounts in mixtures.items():
                where = f"mix.{kind}.{mixture}"
                if not any(amounts.values()):
                    raise ValueError(f"{where}: every weight is 0; expected one above 0 at least")
                for name in amounts:
                    if name not in own[kind] and name not in self.general:
                        raise ValueError(f"{where}.{name} is no set in general; expected {' or '.join(own[kind])} or "
                                         f"one of {', '.join(self.general)}")
        return self

    @model_validator(mode="after")
    def _models_learn_from_mixtures(self) -> "Params":
        named = [(f"train.{n}.mix", t.data, t.mix) for n, t in self.train.items()]
        named += [("iterate.mix", "instructions", self.iterate.mix)]
        named += [(f"iterate.rounds.{n}.mix", "instructions", r.mix) for n, r in self.iterate.rounds.items() if r.mix]
        for where, kind, name in named:
            if name not in self.mixtures[kind]:
                raise ValueError(f"{where} is '{name}', which is no mixture under mix.{kind}; expected one of "
                                 f"{', '.join(self.mixtures[kind])}")
        for name, trained in self.train.items():
            if self.mixtures[trained.data][trained.mix].get(RANKED) and not trained.trained_by.weighs:
                raise ValueError(f"train.{name}.mix is '{trained.mix}', whose pairs have weights; method "
                                 f"{trained.method} weighs none, so choose a mixture of selected pairs")
        return self

    @property
    def mixtures(self) -> dict[str, dict[str, dict[str, float | int]]]:
        """Sets and their amounts, by kind and name of the mixture."""
        return {"instructions": {**self.mix.instructions}, "preferences": {**self.mix.preferences}}

    @property
    def asked(self) -> dict[str, str]:
        """Names of the models that the stages of the data half ask, by the param that names them: judge.model …"""
        asked = {"textbook": self.textbook.model, "wikipedia": self.wikipedia.model, "evolve": self.evolve.model,
                 "score": self.score.model, "complete": self.complete.model, "judge": self.judge.model}
        asked |= {f"candidates.pool.{name}": member.model for name, member in self.candidates.pool.items()}
        solving = {"evolve.verifier": self.evolve.verifier, "complete.solver": self.complete.solver}
        return {f"{place}.model": name for place, name in asked.items()} | {
            f"{place}[{n}]": name for place, names in solving.items() for n, name in enumerate(names)}

    @property
    def prefixes(self) -> dict[str, str]:
        """The id prefix of every source that a row may have, by source name."""
        return {name: s.prefix for name, s in self.sources.items()} | {n: s.prefix for n, s in SOURCES.items()}

    @property
    def pins(self) -> dict[tuple[str, ...], Pin]:
        """Everything that is fetched, by its path in the file: ("raw", "medqa"), ("models", "local", "smollm2") …"""
        sections: dict[tuple[str, ...], dict[str, Pin]] = {
            ("raw",): self.raw, ("benchmarks",): {**self.benchmarks}, ("general",): {**self.general},
            ("models", "local"): {**self.models.local}}
        return {(*place, name): pin for place, pins in sections.items() for name, pin in pins.items()}

    @property
    def ours(self) -> list[str]:
        """Names of the models this repository makes: the base, those under `train`, the rounds."""
        return ["base", *self.train, *(f"iterate-{n}" for n in self.iterate.rounds)]

    @property
    def policies(self) -> list[str]:
        """Those of `ours` that generate answers; the others are reward models."""
        return [n for n in self.ours if n not in self.train or self.train[n].trained_by.policy]

    def model(self, name: str) -> LocalModel | RemoteModel:
        """The model with this name. Raises KeyError for an unknown one (validation refuses those)."""
        if name in self.policies:
            return LocalModel(
                location=f"models/transformers/{name}",
                rights=most_restrictive(*self.mix.allows),
                **self.serving.model_dump(),
            )
        return self.models.local.get(name) or self.models.remote[name]
