"""A model trained here: its record, the models it grew from, and the rights that follow.

A model's class is the strictest among its record, its base, every set that it or a model it grew from has learnt from,
the models that wrote, scored and judged the medical rows, and the reward model that ranked a round's pairs.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from ultramed import artifacts, methods, tables
from ultramed.artifacts import RECORD
from ultramed.claims import Claim, strictest
from ultramed.errors import PublishError
from ultramed.methods import Method
from ultramed.params import MEDICAL, RANKED, Params
from ultramed.params.training import MethodName
from ultramed.synthetic import SOURCES
from ultramed.training.job import Job, job_named

OWN = {MEDICAL, RANKED}  # sets of this repository's rows
ROUND = "iterate-"  # prefix of a round's model name


class Hashes(BaseModel):
    """SHA-256 of a training's inputs."""

    model_config = ConfigDict(strict=True)

    start: str  # of the checkpoint it started from
    data: str  # of the mixture it learnt from


class Record(BaseModel):
    """`training.json`, as training writes it."""

    model_config = ConfigDict(strict=True)

    name: str
    method: MethodName
    start: str  # name of the model it started from
    steps: int
    epochs: float  # passes over its rows
    seed: int
    rights: str
    demonstration: bool
    rows: dict[str, int]  # to learn from, by set
    dev_rows: int
    too_long: int
    hashes: Hashes
    recipe: dict[str, Any]
    training: dict[str, Any]
    figures: dict[str, float]  # the last point of each curve
    versions: dict[str, str]

    @property
    def trained_by(self) -> Method:
        """The declaration of its method."""
        return methods.get(self.method)


@dataclass(frozen=True)
class Share:
    """One set's part in a training."""

    set: str
    prefix: str  # id prefix of medical rows, which come from several sources; otherwise empty
    rights: str
    rows: int  # drawn; a few may have been left out as too long

    @property
    def name(self) -> str:
        return f"{self.set} ({self.prefix})" if self.prefix else self.set


@dataclass(frozen=True)
class Trained:
    """One model trained here, on disk."""

    job: Job
    record: Record

    @cached_property
    def shares(self) -> list[Share]:
        """The contents of its mixture, by set and class."""
        counts: Counter[tuple[str, str, str]] = Counter()
        for shard in tables.shards(self.job.data):
            with pq.ParquetFile(shard) as file:
                for batch in file.iter_batches(columns=["id", "source", "rights"]):
                    counts.update((row["source"], _prefix(row), row["rights"]) for row in batch.to_pylist())
        return [Share(*key, count) for key, count in sorted(counts.items())]


def _prefix(row: dict[str, str]) -> str:
    return row["id"].partition(",")[0] if row["source"] in OWN else ""


def read_record(folder: Path, name: str) -> Record:
    """The record. Raises PublishError if the model was not trained, or its record is not what training writes."""
    path = folder / RECORD
    if not path.is_file():
        stage = f"iterate@{name.removeprefix(ROUND)}" if name.startswith(ROUND) else f"train@{name}"
        raise PublishError(str(path), "does not exist: the model has not been trained",
                           f"run `dvc repro {stage}` (or `dvc pull`)")
    try:
        record = Record.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        cause = first["msg"].removeprefix("Value error, ")
        raise PublishError(str(path), f"is damaged: {where}: {cause}", "run `dvc checkout`") from None
    if record.name != name:
        raise PublishError(str(path), f"is the record of '{record.name}', not of '{name}'", "run `dvc checkout`")
    return record


def history(settings: Params, name: str) -> list[Trained]:
    """The model, the one it started from, and so on, without the base. Raises as `read_record` does."""
    names: list[str] = []
    while name != "base" and name not in names:
        names.append(name)
        rounds = settings.iterate.rounds
        name = settings.train[name].from_ if name in settings.train else rounds[name.removeprefix(ROUND)].from_
    records = [read_record(artifacts.MODELS / name, name) for name in names]
    return [Trained(job_named(name, settings), record) for name, record in zip(names, records, strict=True)]


def claims(settings: Params, models: list[Trained]) -> list[Claim]:
    """All rights claims on the first of these models, each of which started from the next."""
    all_claims = [_model(settings, settings.base.model)]
    for model in models:
        all_claims += [_share(settings, model, share) for share in model.shares]
        if OWN & set(model.record.rows):
            all_claims += [_model(settings, name) for name in _makers(settings, model)]
        if model.record.name.startswith(ROUND):
            reward = settings.iterate.reward
            allows = read_record(artifacts.MODELS / reward, reward).rights
            all_claims.append(Claim(f"{reward}, which ranked the pairs of {model.record.name}", allows))
        if unknown := set(model.record.rows) - {*OWN, *settings.general}:
            all_claims.append(Claim(f"{', '.join(sorted(unknown))}, unknown to params.yaml", "deny"))
        all_claims.append(Claim(f"{model.record.name}/{RECORD}", model.record.rights))
    return list(dict.fromkeys(all_claims))


def source(settings: Params, share: Share) -> str:
    """The name under which a share's rights are recorded: a set or source in params, or a synthetic set."""
    if not share.prefix:
        return share.set
    named = (name for name, declared in settings.sources.items() if declared.prefix == share.prefix)
    return next(named, share.prefix.lower().replace("-", "_"))


def _share(settings: Params, model: Trained, share: Share) -> Claim:
    """A set's claim: the class its rows had when they were mixed, or the class in params now if that is
    stricter."""
    name = source(settings, share)
    declared = [known[name].rights for known in (settings.general, settings.sources, settings.release.overrides)
            if name in known]
    holder = f"{share.name}, {share.rows} row(s) of {model.record.name}"
    return strictest([Claim(holder, rights) for rights in (share.rights, *declared)])


def _model(settings: Params, name: str) -> Claim:
    return Claim(f"model {name}", settings.model(name).rights)


def _makers(settings: Params, model: Trained) -> list[str]:
    """Models that wrote, scored or judged the medical rows of a mixture."""
    names = [settings.complete.model, settings.score.model]
    prefixes = {share.prefix for share in model.shares}
    written = [s for s in SOURCES.values() if s.prefix in prefixes]
    names += [section.model for section in (settings.textbook, settings.wikipedia, settings.evolve) if written]
    if model.record.trained_by.data == "preferences":
        names += [settings.judge.model, *(member.model for member in settings.candidates.pool.values())]
    return list(dict.fromkeys(names))
