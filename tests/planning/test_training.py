"""Steps, memory and hours of training, derived by hand."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ultramed import params
from ultramed.params import Lora, Recipe
from ultramed.planning.assumptions import Shape
from ultramed.planning.flow import Flow, Need
from ultramed.planning.machine import Machines
from ultramed.planning.ranges import Range, exact
from ultramed.planning.training import Trainings, memory, steps, trained

LLAMA = Shape(parameters=8.0, hidden=4096, layers=32, vocabulary=128256)


def recipe(method: str = "sft", **values: object) -> Recipe:
    common = {"epochs": 3.0, "steps": None, "learning_rate": 1e-5, "scheduler": "cosine", "warmup": 0.1,
              "weight_decay": 0.0, "batch": 4, "accumulate": 4, "max_length": 1024}
    losses = {"dpo": {"beta": 0.1, "loss": "sigmoid"}, "kto": {"beta": 0.1, "loss": "kto"}}
    return Recipe.model_validate({"method": method, **common, **losses.get(method, {}), **values})


def test_steps_are_rows_times_epochs_over_the_rows_of_a_step_rounded_up() -> None:
    # 410,000 × 3 / (4 × 4 × 8 GPUs = 128) = 9,609.4
    assert steps(recipe(), exact(410_000), 4 * 4 * 8) == exact(9610)
    assert steps(recipe(), exact(128), 128) == exact(3)
    assert steps(recipe(), Range(1, 129, 0), 128) == Range(1, 4, 1)  # 387 / 128 = 3.02; one step at least
    assert steps(recipe(steps=16), exact(410_000), 128) == exact(16)


def test_kto_makes_two_rows_of_a_pair() -> None:
    assert steps(recipe("kto", epochs=1.0), exact(640), 32) == exact(2 * 640 / 32)
    assert steps(recipe("dpo", epochs=1.0), exact(640), 32) == exact(640 / 32)


def test_memory_of_weights_gradients_and_moments() -> None:
    assert memory(8e9, None) == (4 + 4 + 4 + 4) * 8e9
    assert memory(8e9, 1e8) == 4 * 8e9 + 16 * 1e8


def test_an_adapter_has_about_as_many_parameters_as_peft_says() -> None:
    # Llama-3-8B: q and o 4096→4096, k and v 4096→1024, gate, up and down between 4096 and 14336
    layer = 2 * (4096 + 4096) + 2 * (4096 + 1024) + 3 * (4096 + 14336)
    assert trained(LLAMA, 16) == pytest.approx(16 * 32 * layer, rel=0.05)


@pytest.fixture
def trainings(flow: Callable[..., Flow]) -> Callable[..., Trainings]:
    def made(**sections: dict[str, object]) -> Trainings:
        plan = flow(**sections)
        return Trainings(plan, Machines(plan.settings, plan.assumptions))
    return made


def test_hours_are_work_over_what_the_gpus_reach(trainings: Callable[..., Trainings]) -> None:
    eight = trainings(training={"lora": None, "launch": "conf/accelerate/zero3.yaml", "gradient_checkpointing": False})
    assert eight.gpus == 8
    sft = eight.run("train@x", recipe(max_length=100), exact(1280))  # 30 steps × 128 rows × 100 tokens
    assert sft.tokens == exact(30 * 128 * 100)
    work = 6 * 0.1345e9 * 30 * 128 * 100
    assert sft.hours.expected == pytest.approx(work / (8 * 9.89e14 * 0.35) / 3600)
    dpo = eight.run("train@x", recipe("dpo", max_length=100), exact(1280))  # two sides, and the reference's pass
    assert dpo.hours.expected == pytest.approx(sft.hours.expected * 2 * 8 / 6)


def test_memory_is_shared_by_the_gpus_and_each_process_loads_all_weights(trainings: Callable[..., Trainings]) -> None:
    eight = trainings(training={"lora": None, "launch": "conf/accelerate/zero3.yaml", "gradient_checkpointing": True})
    sft = eight.run("train@x", recipe(), exact(1280))
    activations = 4 * 1024 * (2 * 576 * 30 + 12 * 49152)  # batch × length × (kept a layer + logits)
    assert sft.gpu == pytest.approx(16 * 0.1345e9 / 8 + activations)
    assert sft.host == pytest.approx(8 * (4 * 0.1345e9 + 1e9))
    reference = eight.run("train@x", recipe("kto"), exact(1280))
    assert reference.gpu == pytest.approx((16 + 4) * 0.1345e9 / 8 + activations)


def test_on_the_cpu_all_of_it_is_host_memory_and_lora_needs_no_reference(trainings: Callable[..., Trainings]) -> None:
    cpu = trainings(training={"lora": Lora(rank=8, alpha=16), "launch": None})
    sft, kto = (cpu.run("train@x", recipe(m), exact(10)) for m in ("sft", "kto"))
    assert cpu.gpus == 0 and sft.gpu is None and sft.host == kto.host


def test_every_model_of_ours_is_in_the_plan(trainings: Callable[..., Trainings], world: Path) -> None:
    runs = {r.stage: r for r in trainings().all()}
    settings = params.load()
    assert set(runs) == {f"train@{n}" for n in settings.train} | {f"iterate@{n}" for n in settings.iterate.rounds}
    assert runs["train@sft"].rows == exact(20) and runs["train@dpo"].rows == exact(40)  # as counted


def test_a_reward_model_reads_with_one_forward_pass_on_one_machine(trainings: Callable[..., Trainings]) -> None:
    need = Need(calls=exact(32), prompt_tokens=exact(32 * 150), generated_tokens=exact(32 * 100))
    cpu = trainings(training={"launch": None}).reading("sample@1", need)
    assert (cpu.rows, cpu.tokens, cpu.steps) == (exact(32), exact(32 * 250), exact(0))
    assert cpu.hours.expected == pytest.approx(2 * 0.1345e9 * 32 * 250 / 9e10 / 3600)
    assert cpu.gpu is None and cpu.host == pytest.approx(4 * 0.1345e9 + 1e9)
    gpu = trainings(training={"lora": None, "launch": "conf/accelerate/zero3.yaml"}).reading("sample@1", need)
    assert gpu.hours.expected == pytest.approx(2 * 0.1345e9 * 32 * 250 / (9.89e14 * 0.35) / 3600)
    assert gpu.gpu == pytest.approx(2 * 0.1345e9)
