"""A reward model: a scalar head trained with −log σ(r(chosen) − r(rejected)) (Bradley and Terry)."""

from typing import Any

from ultramed.methods._method import REWARD, Method, Parts


def trainer(parts: Parts) -> Any:
    """Rows are pairs; the reward is read at the last token of each side."""
    from trl import RewardConfig, RewardTrainer

    args = RewardConfig(**parts.settings, max_length=parts.recipe.max_length)
    return RewardTrainer(**parts.inputs, args=args)


METHOD = Method(
    name="reward", title="the pairwise loss of Bradley and Terry", tag="reward-model", data="preferences",
    trainer=trainer, head=REWARD, dialogues=2)
