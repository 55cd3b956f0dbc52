"""A reward model: a scalar head trained with −log σ(r(chosen) − r(rejected)) (Bradley and Terry).

Where pairs have weights, the loss is their weighted mean.
"""

from typing import Any

from ultramed.methods._method import REWARD, WEIGHT, Method, Parts


def trainer(parts: Parts) -> Any:
    """Rows are pairs; the reward is read at the last token of each side."""
    from trl import RewardConfig, RewardTrainer

    args = RewardConfig(**parts.settings, max_length=parts.recipe.max_length)
    weighed = WEIGHT in parts.train.column_names
    return (_weighing(RewardTrainer) if weighed else RewardTrainer)(**parts.inputs, args=args)


def _weighing(trainer_type: Any) -> Any:
    """TRL's trainer with a weighted loss. Its collator carries one number a row, the margin; here it is the weight."""
    from torch.nn.functional import logsigmoid

    class Weighing(trainer_type):  # type: ignore[misc]
        def compute_loss(
            self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            weights = inputs.pop(WEIGHT)
            _, outputs = super().compute_loss(model, inputs, True, num_items_in_batch)
            chosen, rejected = outputs.logits.squeeze(-1).chunk(2)
            loss = -(logsigmoid(chosen - rejected) * weights).mean()
            return (loss, outputs) if return_outputs else loss

    return Weighing


METHOD = Method(
    name="reward", title="the pairwise loss of Bradley and Terry", tag="reward-model", data="preferences",
    trainer=trainer, head=REWARD, weighs=True, dialogues=2)
