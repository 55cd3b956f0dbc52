"""One trained model as published: the files DVC versions, with card, notice and results; and whether it may be sent.

    config.json  model.safetensors  tokenizer.json …  training.json  README.md  NOTICE.md  .eval_results/<task>.yaml
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ultramed import paths
from ultramed.artifacts import RECORD
from ultramed.claims import strictest
from ultramed.errors import ParamsError, PublishError, RightsError, SourceError, UltramedError
from ultramed.gates.content import content_hash
from ultramed.params import Params
from ultramed.release import fitness
from ultramed.release.shipment import MODEL, WEIGHTS
from ultramed.release.trained import Record, Trained, claims, history
from ultramed.tables import write_text

FORBIDDEN = ("quarantine", "deny")


@dataclass(frozen=True)
class Model:
    """A model trained here, with the models it grew from."""

    settings: Params
    history: list[Trained]  # itself first, without the base

    @property
    def record(self) -> Record:
        return self.history[0].record

    @property
    def folder(self) -> Path:
        return self.history[0].job.out

    @cached_property
    def rights(self) -> str:
        """The strictest rights class among everything it grew from."""
        return strictest(claims(self.settings, self.history)).rights

    @property
    def culprits(self) -> list[str]:
        """The holders of that class: sets, base and reward model; training records if none of those."""
        holders = [c.holder for c in claims(self.settings, self.history) if c.rights == self.rights]
        return [holder for holder in holders if not holder.endswith(RECORD)] or holders

    @property
    def demonstration(self) -> bool:
        """Whether it, a model it grew from, or the base is marked as one."""
        base = self.settings.models.local[self.settings.base.model]
        return base.demonstration or any(model.record.demonstration for model in self.history)


def find(settings: Params, name: str) -> Model:
    """The model with that name. Raises PublishError for the base, an untrained model or a damaged record; ParamsError
    for a name that is not in params.yaml."""
    ours = [n for n in settings.ours if n != "base"]
    if name == "base":
        raise PublishError("--model", "is the base, which was not trained here and cannot be published",
                           f"name one of {', '.join(ours)}")
    if name not in ours:
        raise ParamsError("--model", f"is '{name}'; expected one of {', '.join(ours)}")
    return Model(settings, history(settings, name))


def audit(model: Model, public: bool) -> list[UltramedError]:
    """Everything that forbids sending this model; empty if nothing does."""
    refusals: list[UltramedError] = [*_layout(model.folder)]
    for trained in model.history:
        refusals += _hashes(trained)
    try:
        return [*refusals, *_rights(model, public)]
    except UltramedError as error:  # its data cannot be read
        return [*refusals, error]


def _layout(folder: Path) -> Iterator[PublishError]:
    names = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if not p.is_dir()}
    for name, path in names.items():
        if not WEIGHTS.fullmatch(name):
            yield PublishError(str(path), "has no place in a model: expected safetensors, JSON and templates",
                               "remove it")
    if not any(name.endswith(".safetensors") for name in names):
        yield PublishError(str(folder), "holds no weights", "run `dvc checkout` (or `dvc pull`)")


def _hashes(trained: Trained) -> Iterator[PublishError]:
    """Check that the model is the one DVC versions, made from the inputs in its record."""
    folder, written = str(trained.job.out), trained.record.hashes
    locked = fitness.locked().get(folder)
    if (md5 := content_hash(trained.job.out)) != locked:
        yield PublishError(folder, f"is {md5}, dvc.lock has {locked}", "run `dvc checkout`, or `dvc repro` and commit")
    try:
        for what, expected in (("start", written.start), ("data", written.data)):
            if (actual := trained.job.inputs[what]) != expected:
                source = trained.job.start if what == "start" else trained.job.data
                yield PublishError(f"{folder}/{RECORD}", f"records {source} with SHA-256 {expected[:12]} "
                                   f"as its input; it is now {actual[:12]}", "run `dvc checkout` or `dvc repro`")
    except SourceError as error:
        yield PublishError(error.where, error.found, "run `dvc checkout` (or `dvc pull`)")


def _rights(model: Model, public: bool) -> Iterator[UltramedError]:
    name, because = model.record.name, f"because of {'; '.join(model.culprits)}"
    if model.rights in FORBIDDEN:
        yield RightsError(f"model '{name}'", f"its rights are '{model.rights}', which nobody may publish, {because}",
                          "leave those out of `mix` and train it again")
    elif public and model.rights in MODEL.gated:
        yield RightsError("--public", f"cannot be used with model '{name}': its rights are '{model.rights}', and "
                          f"models trained on such text stay private and gated, {because}", "leave it out")
    if public and model.demonstration:
        yield PublishError("--public", f"cannot be used with model '{name}', which is for demonstration only",
                           "leave it out")


@contextmanager
def packed(model: Model, pages: dict[str, str]) -> Iterator[Path]:
    """A folder with the Hub's layout: links to the model's files, and `pages` by path."""
    with tempfile.TemporaryDirectory(prefix="publish-", dir=paths.home()) as name:
        folder = Path(name)
        for path in (p for p in model.folder.rglob("*") if p.is_file()):
            link = folder / path.relative_to(model.folder)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path.resolve())
        for page, text in pages.items():
            write_text(folder / page, text)
        yield folder


def loader(model: Model) -> str:
    """The Transformers function that loads it."""
    return f"{model.record.trained_by.head.loader}.from_pretrained"
