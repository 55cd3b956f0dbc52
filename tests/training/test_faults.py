"""Every failure of a training ends in one line that says where and what to do, and leaves nothing half-written."""

import re
import resource
import shutil
import sys
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from oracle_endpoint import settings
from training_rows import TEMPLATE, job, record, training

from ultramed import stage
from ultramed.errors import EnvironmentFault, ModelError, ParamsError
from ultramed.training.job import Job, job_named

Usage = namedtuple("Usage", "total used free")


def make(job: Job) -> None:
    from ultramed.training.run import train_and_export

    train_and_export(job, "open", False)


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Limit this process's files to `size` bytes, like a disk that fills up on the way."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def poisoned(start: Path, out: Path, spoil: Callable[[Any], Any]) -> Path:
    from safetensors.torch import load_file, save_file

    shutil.copytree(start, out)
    weights = load_file(out / "model.safetensors")
    save_file({name: spoil(w) if "layers.1.mlp.up" in name else w for name, w in weights.items()},
              out / "model.safetensors", metadata={"format": "pt"})
    return out


@pytest.mark.parametrize(("method", "lora"), [("sft", True), ("dpo", True), ("reward", False), ("kto", False)])
def test_a_loss_that_is_no_number_ends_it(place: Any, method: str, lora: bool) -> None:
    data = place.instructions if method == "sft" else place.preferences
    chosen = training() if lora else training(lora=None)
    expected = r"train m: (loss|grad norm) is (nan|inf) at step [1-5]; lower its learning_rate"
    with pytest.raises(ModelError, match=expected) as caught:
        make(job(method, place.start, data, learning_rate=1e30, training=chosen))
    assert "\n" not in str(caught.value) and not Path("models").exists()


def test_weights_that_are_no_numbers_end_it_at_the_first_step(place: Any) -> None:
    start = poisoned(place.start, place.root / "nan", lambda w: w * float("nan"))
    with pytest.raises(ModelError, match=r"train m: (loss|grad norm) is nan at step 1;"):
        make(job("sft", start, place.instructions))


@pytest.mark.parametrize(("limit", "lora", "where"), [
    (60_000, False, r"checkpoints/m-\w+: cannot be written: .*File too large"),  # weights of a checkpoint
    (150_000, False, r"checkpoints/m-\w+: cannot be written: .*"),  # its optimizer
    (10_000, True, r"checkpoints/m-\w+: cannot be written: .*"),  # an adapter
    (500, True, r"checkpoints/m-\w+: cannot be written: .*File too large"),
    (50_000, True, r"models/transformers/m: cannot be written: .*File too large"),  # here the checkpoints fit
], ids=["weights", "optimizer", "adapter", "text", "result"])
def test_a_full_disk_ends_the_stage_with_one_line_and_the_next_run_goes_on(
    place: Any, limit: int, lora: bool, where: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = training(lora={"rank": 2, "alpha": 4} if lora else None)
    monkeypatch.setattr(sys, "argv", ["stages/models/train.py"])
    with files_up_to(limit), pytest.raises(SystemExit) as ended:
        stage.run(lambda: make(job("sft", place.start, place.instructions, training=chosen)))
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith(("ERROR", "Traceback"))]
    assert ended.value.code == 1 and len(errors) == 1
    assert re.search(where, errors[0]), errors[0]
    assert "check space there; `dvc repro` then resumes" in errors[0]
    assert not [p for p in Path("models/transformers").glob("*") if p.exists()]
    make(job("sft", place.start, place.instructions, training=chosen))
    assert record(Path("models/transformers/m"))["steps"] == 6


def test_too_little_space_is_said_before_training(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = sum(p.stat().st_size for p in place.start.iterdir())
    whole = job("sft", place.start, place.instructions, training=training(lora=None))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 16 * weights - 1))
    with pytest.raises(EnvironmentFault, match=r"checkpoints: has 0\.0 GB free; training m needs about 0\.0 GB; free"):
        make(whole)
    assert not whole.scratch.exists()
    other = whole.scratch.with_name("m-of-other-params") / "checkpoint-5"
    other.mkdir(parents=True)
    (other / "optimizer.pt").write_bytes(bytes(200_000_000))
    with pytest.raises(EnvironmentFault, match=r"some \(trainings started with other params use 0\.2 GB there\), then"):
        make(whole)
    shutil.rmtree(other)
    make(job("sft", place.start, place.instructions, steps=1))  # LoRA needs less


def test_a_launch_configuration_that_is_not_there_is_said_before_training(place: Any) -> None:
    chosen = training(launch="conf/accelerate/nope.yaml")
    with pytest.raises(ParamsError, match=r"training\.launch: cannot read conf/accelerate/nope\.yaml; name a config"):
        make(job("sft", place.start, place.instructions, training=chosen))


def test_full_memory_is_one_clear_line(place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from transformers import Trainer

    monkeypatch.setattr(Trainer, "training_step", lambda *_, **__: torch.empty(10**15))
    with pytest.raises(EnvironmentFault, match=r"train m: memory is full: .*; lower its batch") as caught:
        make(job("sft", place.start, place.instructions))
    assert "\n" not in str(caught.value)


def test_a_template_without_marks_is_one_clear_line(place: Any) -> None:
    for template, name in ((None, "the tokenizer's chat template"), (place.root / "plain.jinja", "plain.jinja")):
        if template:
            text = TEMPLATE.read_text()
            template.write_text(text.replace("{%- generation -%}", "").replace("{%- endgeneration -%}", ""))
        with pytest.raises(ModelError, match=rf"{name}: does not mark the assistant's turns .*; name one"):
            make(job("sft", place.start, place.instructions, template=template and str(template)))
    make(job("dpo", place.start, place.preferences, template=None, steps=1))  # where the loss is on whole replies


def test_an_unknown_optimizer_is_one_clear_line(place: Any) -> None:
    with pytest.raises(ParamsError, match=r"training.optimizer: is 'adam'; expected one of adamw_torch, "):
        make(job("sft", place.start, place.instructions, training=training(optimizer="adam")))


@pytest.mark.parametrize(("method", "lora"), [("sft", {"rank": 4, "alpha": 8}), ("dpo", None)])
def test_bf16_works_without_a_gpu(place: Any, method: str, lora: dict | None) -> None:
    data = place.instructions if method == "sft" else place.preferences
    make(job(method, place.start, data, training=training(precision="bf16", lora=lora)))
    found = record(Path("models/transformers/m"))
    assert (found["training"]["precision"], found["steps"]) == ("bf16", 6)


def test_only_a_policy_can_be_started_from(place: Any) -> None:
    folder = Path("models/transformers/sft")
    folder.mkdir(parents=True)
    (folder / "training.json").write_text('{"method": "reward"}')
    with pytest.raises(ModelError, match=r"models/transformers/sft: is a reward model; expected a policy"):
        job_named("dpo", settings())


def test_an_unknown_name_is_one_line_with_the_known_ones() -> None:
    for name in ("spo", "iterate-9", "base"):
        known = "expected one of .*sft, reward, dpo, kto, iterate-1$"
        with pytest.raises(ParamsError, match=rf"train: unknown model '{name}'; {known}"):
            job_named(name, settings())
    found = job_named("iterate-1", settings())
    assert (found.start, found.data) == (Path("models/transformers/dpo"), Path("data/sampled/1"))
