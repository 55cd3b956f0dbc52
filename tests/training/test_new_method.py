"""A training method is one file: once it is in the folder, it can be named, planned, trained and published."""

import shutil
import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path
from typing import Any

import pytest
from oracle_endpoint import settings
from pydantic import ValidationError
from training_rows import ROOT, job, recipe, record, training

from ultramed import methods, registry
from ultramed.planning.ranges import exact
from ultramed.planning.training import steps
from ultramed.release.trained import read_record
from ultramed.training.job import is_reward_model

SLIC = '''"""Sequence likelihood calibration: a hinge on the margin (arXiv 2305.10425)."""

from ultramed.methods._method import Method


def trainer(parts):
    from trl import DPOConfig, DPOTrainer

    recipe = parts.recipe
    args = DPOConfig(**parts.settings, max_length=recipe.max_length, beta=recipe.beta, loss_type=[recipe.loss])
    return DPOTrainer(**parts.inputs, args=args, ref_model=parts.reference)


METHOD = Method(
    name="slic", title="sequence likelihood calibration", tag="slic", data="preferences", trainer=trainer,
    losses={"hinge": ()}, beta=True, reference=True, rows=3, dialogues=2)
'''
CHOICES = {"beta": 0.1, "loss": "hinge"}


@pytest.fixture
def family(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The methods' folder, in a writable copy of the package."""
    package = tmp_path_factory.mktemp("package") / "ultramed"
    package.mkdir()
    for entry in (ROOT / "ultramed").iterdir():
        if entry.name != "methods":
            (package / entry.name).symlink_to(entry)
    shutil.copytree(ROOT / "ultramed" / "methods", package / "methods")
    monkeypatch.setattr(registry, "ROOT", package.parent)
    monkeypatch.setattr(methods, "__path__", [str(package / "methods")])
    yield package / "methods"
    if sys.modules.pop("ultramed.methods.slic", None):
        del methods.slic  # type: ignore[attr-defined]


@pytest.fixture
def slic(family: Path) -> Path:
    (family / "slic.py").write_text(SLIC)
    invalidate_caches()
    return family


def section(**changes: Any) -> dict[str, Any]:
    return recipe("slic", **CHOICES, **changes).model_dump() | {"from": "sft", "data": "preferences", "mix": "ultramix"}


def test_params_accept_it_with_its_own_loss(slic: Path) -> None:
    found = settings(train__slic=section(), iterate__recipe=recipe("slic", **CHOICES).model_dump())
    assert "slic" in found.policies and found.train["slic"].trained_by.title == "sequence likelihood calibration"
    with pytest.raises(ValidationError, match="loss is sigmoid; method slic takes hinge"):
        recipe("slic", beta=0.1, loss="sigmoid")


def test_without_the_file_params_name_what_there_is(family: Path) -> None:
    with pytest.raises(ValidationError, match="is 'slic'; expected one of dpo, kto, reward, sft"):
        recipe("slic", **CHOICES)


def test_it_is_planned(slic: Path) -> None:
    assert steps(recipe("slic", **CHOICES, steps=None), exact(640), 32) == exact(3 * 640 / 32)


@pytest.mark.parametrize("lora", [None, {"rank": 4, "alpha": 8}], ids=["all", "lora"])
def test_it_trains_and_its_record_can_be_published(slic: Path, place: Any, lora: dict | None) -> None:
    from safetensors.torch import load_file

    from ultramed.training.run import train_and_export

    trained = job("slic", place.start, place.preferences, training=training(lora=lora), learning_rate=1e-2, **CHOICES)
    train_and_export(trained, "open", False)
    before, after = (load_file(folder / "model.safetensors") for folder in (place.start, trained.out))
    assert any(not after[name].float().equal(w.bfloat16().float()) for name, w in before.items() if name in after)
    assert record(trained.out)["method"] == "slic" and not is_reward_model(trained.out)
    assert {"train/loss", "dev/loss", "dev/margin"} < set(record(trained.out)["figures"])
    assert read_record(trained.out, "m").trained_by.tag == "slic"


def test_checkpoints_of_other_code_are_not_resumed(slic: Path, place: Any) -> None:
    first, again = (job("sft", place.start, place.instructions).scratch for _ in range(2))
    assert first == again
    (slic / "sft.py").write_text((slic / "sft.py").read_text() + "# a comment\n")
    assert job("sft", place.start, place.instructions).scratch == first
    (slic / "sft.py").write_text((slic / "sft.py").read_text() + "CHANGED = True\n")
    assert job("sft", place.start, place.instructions).scratch != first
