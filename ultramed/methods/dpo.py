"""Direct preference optimisation (arXiv 2305.18290). The reference is the model it starts from."""

from typing import Any

from ultramed.methods._method import Method, Parts


def trainer(parts: Parts) -> Any:
    """`loss` sigmoid is DPO, nca_pair the paper's NCA, ipo IPO."""
    from trl import DPOConfig, DPOTrainer

    recipe = parts.recipe
    args = DPOConfig(**parts.settings, max_length=recipe.max_length, beta=recipe.beta, loss_type=[recipe.loss])
    return DPOTrainer(**parts.inputs, args=args, ref_model=parts.reference)


METHOD = Method(
    name="dpo", title="direct preference optimisation", tag="dpo", data="preferences", trainer=trainer,
    losses={"sigmoid": (), "ipo": (), "nca_pair": ()}, beta=True, reference=True, dialogues=2)
