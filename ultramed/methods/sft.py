"""Supervised fine-tuning: the loss covers only the assistant's turns."""

from typing import Any

from ultramed.errors import ModelError
from ultramed.methods._method import Method, Parts


def trainer(parts: Parts) -> Any:
    """Packing joins short rows up to `max_length`. Raises ModelError if the chat template does not mark the
    assistant's turns."""
    from trl import SFTConfig, SFTTrainer

    recipe = parts.recipe
    args = SFTConfig(**parts.settings, max_length=recipe.max_length, packing=recipe.packing, assistant_only_loss=True)
    try:
        return SFTTrainer(**parts.inputs, args=args)
    except ValueError as error:
        if "chat template" not in str(error):
            raise
        raise ModelError(parts.template, "does not mark the assistant's turns with {% generation %}",
                         "name one in base.template that does and renders the same text") from None


METHOD = Method(name="sft", title="supervised fine-tuning", tag="sft", data="instructions", trainer=trainer, packs=True)
