"""Model figures match predictions, comparisons and trainings."""

import json

from world import BENCHMARK, World

from ultramed.gates.store import Store
from ultramed.records import Comparison
from ultramed.report import models
from ultramed.report.benchmarks import benchmarks, generations
from ultramed.report.blocks import Table
from ultramed.report.training import training

# (1 + 2) / (5 + 4) = 1/3, and 1.96 · sqrt(1/3 · 2/3 / 9) = 0.308: 20 % ± 31 %, but not below 0
MEAN = ["20.0%", "0% to 51%"]


def test_the_results_file_has_every_policy_mode_and_reward_model(world: World) -> None:
    pairs = world.rows["rewardbench", "reward", "rows"]
    models.write(world.params, world.base)
    found = json.loads((world.base / "results.json").read_text())
    # of 5 items, 1 and 3 would have the key's letter, but 3 was cut
    policies = [*world.params.evaluate.policies, "sft self-consistency", "sft best-of-n"]
    assert found == {"accuracy": dict.fromkeys(policies, 0.2), "pair_accuracy": {"reward": pair_accuracy(pairs)}}


def pair_accuracy(found: list[Comparison]) -> float:
    """The mean over label types of the correct share."""
    labels = {c.label_type for c in found}
    shares = [[c.chosen_reward > c.rejected_reward for c in found if c.label_type == name] for name in labels]
    return round(sum(sum(s) / len(s) for s in shares) / len(shares), 4)


def test_what_could_not_be_read_is_counted(world: World) -> None:
    result = models.results(Store(world.params, world.base))[0]
    assert (result.policy, result.mode, result.outcomes) == ("base", "greedy", {"answered": 4, "truncated": 1})
    assert result.mean.low < 0.2 < result.mean.high


def test_the_page_says_that_the_papers_rows_do_not_compare(world: World) -> None:
    section = benchmarks(Store(world.params, world.base))
    tasks = next(b for b in section.blocks if isinstance(b, Table))
    assert "differ from the paper's" in section.lead
    assert tasks.heads[3] == "MedQA, 5" and list(tasks.rows[0])[:5] == ["base", *MEAN, "20%", "–"]
    assert "sft, self-consistency" in [row[0] for row in tasks.rows]
    assert list(tasks.rows[-1][:2]) == ["paper: iterative DPO", "77.5%"] and tasks.beside == 6
    assert list(tasks.rows[-6][:6]) == ["guessing", "25.9%", "", "25.0%", "25.0%", "33.3%"]


def test_answers_before_and_after_stand_side_by_side(world: World) -> None:
    table, = generations(Store(world.params, world.base)).blocks
    assert isinstance(table, Table) and table.heads[2:] == ["base", "iterate-1"]
    rows = {row[0].split(":")[0]: list(row) for row in table.rows}
    assert rows["medqa_test,3"][1:] == ["B", "[truncated] base thinks 3", "[truncated] iterate-1 thinks 3"]
    assert rows["medqa_test,0"][0] == f"medqa_test,0: {BENCHMARK}"


def test_trainings_and_their_curves(world: World) -> None:
    folder = world.base / "models" / "transformers" / "sft"
    folder.mkdir(parents=True)
    told = {"method": "sft", "start": "base", "rows": {"orca_math": 2, "medical": 9}, "steps": 2, "epochs": 0.5,
            "rights": "recipe", "dev_rows": 3, "figures": {"dev/loss": 1.25}}
    (folder / "training.json").write_text(json.dumps(told))
    curve = world.base / "reports/training/sft/train/loss.tsv"
    curve.parent.mkdir(parents=True)
    curve.write_text("step\tloss\n1\t2.5\n2\t1.5\n")
    store = Store(world.params, world.base)
    assert models.curve(store, "sft") == {"train/loss": [(1, 2.5), (2, 1.5)]}
    table, *drawn = training(store).blocks
    assert isinstance(table, Table) and len(drawn) == 1
    assert list(table.rows[0]) == ["sft", "sft", "base", "medical 9, orca_math 2", "2", "0.50", "recipe", "3", "1.250",
                                   "–", "–"]
