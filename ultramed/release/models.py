"""One trained model as it is sent: the files that DVC versioned, with a card, a notice and results; and whether it may.

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
    """A model of ours with everything before it."""

    settings: Params
    history: list[Trained]  # itself first; the base is left out

    @property
    def record(self) -> Record:
        return self.history[0].record

    @property
    def folder(self) -> Path:
        return self.history[0].job.out

    @cached_property
    def rights(self) -> str:
        """The strictest class of all that it grew from."""
        return strictest(claims(self.settings, self.history)).rights

    @property
    def culprits(self) -> list[str]:
        """Who brought that class about: sets, base and reward model; a record where none of them did."""
        found = [c.holder for c in claims(self.settings, self.history) if c.rights == self.rights]
        return [holder for holder in found if not holder.endswith(RECORD)] or found

    @property
    def demonstration(self) -> bool:
        """Whether it, a model before it or the base is marked as one."""
        base = self.settings.models.local[self.settings.base.model]
        return base.demonstration or any(model.record.demonstration for model in self.history)


def find(settings: Params, name: str) -> Model:
    """The model of that name. Raises PublishError for the base, for one that has not been trained, and for a damaged
    record; ParamsError for a name that params.yaml does not have."""
    ours = [n for n in settings.ours if n != "base"]
    if name == "base":
        raise PublishError("--model", "is the base, which others made; it is not ours to publish",
                           f"name one of {', '.join(ours)}")
    if name not in ours:
        raise ParamsError("--model", f"is '{name}'; expected one of {', '.join(ours)}")
    return Model(settings, history(settings, name))


def audit(model: Model, public: bool) -> list[UltramedError]:
    """Everything that forbids to send this model; empty when nothing does."""
    found: list[UltramedError] = [*_layout(model.folder)]
    for trained in model.history:
        found += _hashes(trained)
    try:
        return [*found, *_rights(model, public)]
    except UltramedError as error:  # its data cannot be read
        return [*found, error]


def _layout(folder: Path) -> Iterator[PublishError]:
    names = {p.relative_to(folder).as_posix(): p for p in sorted(folder.rglob("*")) if not p.is_dir()}
    for name, path in names.items():
        if not WEIGHTS.fullmatch(name):
            yield PublishError(str(path), "has no place in a model: expected safetensors, JSON and templates",
                               "remove it")
    if not any(name.endswith(".safetensors") for name in names):
        yield PublishError(str(folder), "holds no weights", "run `dvc checkout` (or `dvc pull`)")


def _hashes(trained: Trained) -> Iterator[PublishError]:
    """Whether the model is the one that DVC versioned, made from what its record says."""
    folder, written = str(trained.job.out), trained.record.hashes
    locked = fitness.locked().get(folder)
    if (here := content_hash(trained.job.out)) != locked:
        yield PublishError(folder, f"is {here}, dvc.lock has {locked}", "run `dvc checkout`, or `dvc repro` and commit")
    try:
        for what, expected in (("start", written.start), ("data", written.data)):
            if (actual := trained.job.inputs[what]) != expected:
                place = trained.job.start if what == "start" else trained.job.data
                yield PublishError(f"{folder}/{RECORD}", f"says that it was made from {place} with SHA-256 "
                                   f"{expected[:12]}, which is {actual[:12]} now", "run `dvc checkout` or `dvc repro`")
    except SourceError as error:
        yield PublishError(error.where, error.found, "run `dvc checkout` (or `dvc pull`)")


def _rights(model: Model, public: bool) -> Iterator[UltramedError]:
    name, because = model.record.name, f"because of {'; '.join(model.culprits)}"
    if model.rights in FORBIDDEN:
        yield RightsError(f"model '{name}'", f"its rights are '{model.rights}', which nobody may publish, {because}",
                          "leave those out of `mix` and train it again")
    elif public and model.rights in MODEL.gated:
        yield RightsError("--public", f"cannot go with model '{name}': its rights are '{model.rights}', and what "
                          f"learnt from such text stays private and gated, {because}", "leave it out")
    if public and model.demonstration:
        yield PublishError("--public", f"cannot go with model '{name}', which is for demonstration only",
                           "leave it out")


@contextmanager
def packed(model: Model, pages: dict[str, str]) -> Iterator[Path]:
    """A folder that lies as the Hub will show it: links to the model's files, and `pages` by path."""
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
    """The function of Transformers that reads it back."""
    return f"{model.record.trained_by.head.loader}.from_pretrained"
