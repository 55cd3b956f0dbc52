"""Rewards, compared with the model run by hand on one dialogue at a time."""

import random
from pathlib import Path
from typing import Any

import pytest

from ultramed.errors import ModelError
from ultramed.training.reward_model import RewardModel

DIALOGUES = [[{"role": "user", "content": f"Which ion is number {n}?"}, {"role": "assistant", "content": "ion " * n}]
             for n in (1, 40, 3, 17, 0, 8, 25)]


@pytest.fixture(scope="module")
def checkpoint(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reward model whose head distinguishes tokens; padding and the end of a turn are one token."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("reward") / "model"
    model = AutoModelForSequenceClassification.from_pretrained(tiny_model, num_labels=1)
    torch.nn.init.normal_(model.score.weight)
    model.save_pretrained(folder)
    tokenizer = AutoTokenizer.from_pretrained(tiny_model)
    assert tokenizer.pad_token == tokenizer.eos_token == "<|im_end|>"
    tokenizer.save_pretrained(folder)
    (folder / "training.json").write_text('{"method": "reward"}')
    return folder


@pytest.fixture(scope="module")
def by_hand(checkpoint: Path) -> list[float]:
    """The head's row times the hidden state of the last token, in a batch of one without padding."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    tokenizer: Any = AutoTokenizer.from_pretrained(checkpoint)
    found = []
    for dialogue in DIALOGUES:
        ids = tokenizer.apply_chat_template(dialogue, return_dict=False)
        assert tokenizer.decode(ids[-2:]) == "<|im_end|>\n"
        with torch.no_grad():
            last = model.model(torch.tensor([ids])).last_hidden_state[0, -1]
            found.append((model.score.weight[0] @ last).item())
    assert max(found) - min(found) > 0.01
    return found


@pytest.mark.parametrize("batch", [1, 2, 3, 8])
def test_rewards_are_those_of_each_dialogue_alone(checkpoint: Path, by_hand: list[float], batch: int) -> None:
    assert RewardModel(checkpoint, batch).rewards(DIALOGUES) == pytest.approx(by_hand, abs=1e-4)


def test_the_order_changes_nothing(checkpoint: Path, by_hand: list[float]) -> None:
    judge = RewardModel(checkpoint, 3)
    for seed in range(3):
        order = random.Random(seed).sample(range(len(DIALOGUES)), len(DIALOGUES))
        found = judge.rewards([DIALOGUES[n] for n in order])
        assert found == pytest.approx([by_hand[n] for n in order], abs=1e-4)
    assert judge.rewards([]) == []


@pytest.mark.parametrize("method", ["dpo", None])
def test_a_policy_gives_no_rewards(tmp_path: Path, method: str | None) -> None:
    if method:
        (tmp_path / "training.json").write_text(f'{{"method": "{method}"}}')
    expected = rf"is a policy \({method or 'not trained here'}\); expected a reward model; name one"
    with pytest.raises(ModelError, match=expected):
        RewardModel(tmp_path)
