"""A reward model heeds the weights of its pairs: the many pairs of one prompt count no more than the one of another."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from training_rows import job, mixture, preference, tiny, training

from ultramed.records import Preference
from ultramed.training.data import _weighed

GOOD, BAD = "Potassium falls.", "Sodium rises."


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    return tiny(tmp_path / "tiny")


def pairs(weight: float) -> list[Preference]:
    """Four pairs that prefer one answer, and eight that prefer the other, with a weight of their own."""
    right = [preference(f"a{n}", chosen=GOOD, rejected=BAD) for n in range(4)]
    return right + [replace(preference(f"b{n}", chosen=BAD, rejected=GOOD), weight=weight) for n in range(8)]


def preferred(start: Path, weight: float, name: str) -> float:
    """By how much the trained model rewards the answer of the four."""
    from ultramed.training.reward_model import RewardModel
    from ultramed.training.run import train_and_export

    data = mixture(Path(name), pairs(weight), [])
    done = job("reward", start, data, name=name, steps=30, learning_rate=1e-2, batch=4, training=training(lora=None))
    train_and_export(done, "open", demonstration=True)
    asked: list[dict[str, Any]] = [m.chat() for m in pairs(1.0)[0].messages]
    said = [[*asked, {"role": "assistant", "content": text}] for text in (GOOD, BAD)]
    first, second = RewardModel(done.out).rewards(said)
    return first - second


def test_light_pairs_do_not_outvote_heavy_ones(start: Path) -> None:
    assert preferred(start, 1.0, "even") < 0, "eight against four"
    assert preferred(start, 0.01, "weighed") > 0, "four against a twelfth of one"


def test_weights_are_relative_to_their_mean_and_absent_where_all_are_one() -> None:
    shaped = _weighed(pairs(0.25))
    assert [row["margin"] for row in shaped] == [2.0] * 4 + [0.5] * 8
    assert all("margin" not in row for row in _weighed(pairs(1.0)))
