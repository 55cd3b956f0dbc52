"""Kahneman-Tversky optimisation (arXiv 2402.01306): chosen texts are desirable, rejected ones undesirable.

The paper's code used TRL's paired loss `kto_pair`, which TRL has removed; the unpaired loss takes the same rows. TRL
reads them in order, so they are shuffled here: otherwise 1000 desirable ones would come before the first undesirable
one.
"""

from typing import Any

from ultramed.methods._method import Method, Parts


def trainer(parts: Parts) -> Any:
    """Each preference becomes two rows."""
    from trl import KTOConfig, KTOTrainer, unpair_preference_dataset

    recipe = parts.recipe
    args = KTOConfig(**parts.settings, max_length=recipe.max_length, beta=recipe.beta, loss_type=recipe.loss)
    train = unpair_preference_dataset(parts.train).shuffle(seed=parts.seed)
    return KTOTrainer(**parts.inputs | {"train_dataset": train}, args=args, ref_model=parts.reference)


METHOD = Method(
    name="kto", title="Kahneman-Tversky optimisation", tag="kto", data="preferences", trainer=trainer,
    losses={"kto": ("mismatched",), "apo_zero_unpaired": ()}, beta=True, smallest_batch=2, reference=True, rows=2)
