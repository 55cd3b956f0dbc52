"""The methods' declarations, and that declaring them costs nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from ultramed import methods
from ultramed.planning.training import PASSES
from ultramed.records import Example, Preference

ROOT = Path(__file__).parents[2]


def test_the_names_are_those_of_the_modules() -> None:
    assert methods.names() == ["dpo", "kto", "reward", "sft"]
    assert [methods.get(name).name for name in methods.names()] == methods.names()
    with pytest.raises(KeyError, match="ppo"):
        methods.get("ppo")


@pytest.mark.parametrize(("name", "row", "policy", "loader"), [
    ("sft", Example, True, "AutoModelForCausalLM"), ("dpo", Preference, True, "AutoModelForCausalLM"),
    ("kto", Preference, True, "AutoModelForCausalLM"),
    ("reward", Preference, False, "AutoModelForSequenceClassification")])
def test_what_a_method_learns_from_and_what_it_makes(name: str, row: type, policy: bool, loader: str) -> None:
    method = methods.get(name)
    assert (methods.ROWS[method.data], method.policy, method.head.loader) == (row, policy, loader)


def test_rounds_train_policies_on_pairs() -> None:
    assert methods.on_policy() == ["dpo", "kto"]


@pytest.mark.parametrize(("name", "loss", "passes"), [
    ("sft", None, ()), ("reward", None, ()), ("dpo", "sigmoid", ("reference",)), ("dpo", "nca_pair", ("reference",)),
    ("kto", "apo_zero_unpaired", ("reference",)), ("kto", "kto", ("reference", "mismatched"))])
def test_what_a_step_runs_beside_its_own_passes(name: str, loss: str | None, passes: tuple[str, ...]) -> None:
    """KTO's loss estimates its reference point on mismatched pairs: one more pass."""
    assert methods.get(name).passes(loss) == passes


def test_the_plan_knows_what_every_loss_costs() -> None:
    for method in map(methods.get, methods.names()):
        for loss in (None, *method.losses):
            assert set(method.passes(loss)) <= set(PASSES)


def test_declaring_methods_imports_no_library_that_trains() -> None:
    code = ("import sys; from ultramed import methods; [methods.get(n) for n in methods.names()]\n"
            "print(*sorted({'torch', 'transformers', 'trl', 'peft', 'datasets'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout.strip() == ""
