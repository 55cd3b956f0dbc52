"""Rewards of a reward model: r(prompt, reply), one number per dialogue."""

from functools import cached_property
from pathlib import Path
from typing import Any

from ultramed.errors import ModelError
from ultramed.training.job import is_reward_model, record

Dialogue = list[dict[str, str]]  # turns, the last one the assistant's


class RewardModel:
    """A reward model trained here, loaded on first use. Raises ModelError immediately for any other checkpoint."""

    def __init__(self, checkpoint: Path, batch: int = 8) -> None:
        if not is_reward_model(checkpoint):
            method = record(checkpoint).get("method", "not trained here")
            raise ModelError(str(checkpoint), f"is a policy ({method}); expected a reward model",
                             "name one in params.yaml, with method reward under `train`")
        self._checkpoint, self._batch = checkpoint, batch

    @cached_property
    def _loaded(self) -> tuple[Any, Any, str]:
        """Model, tokenizer, device."""
        import torch
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        device = "cuda" if torch.cuda.is_available() else "cpu"
        model = AutoModelForSequenceClassification.from_pretrained(
            self._checkpoint, dtype=torch.float32 if device == "cpu" else torch.bfloat16)
        return model.to(device).eval(), AutoTokenizer.from_pretrained(self._checkpoint), device

    def rewards(self, dialogues: list[Dialogue]) -> list[float]:
        """The reward of each dialogue, in order. Batches hold dialogues of similar length, to limit padding."""
        import torch

        model, tokenizer, device = self._loaded
        ids: list[Any] = [tokenizer.apply_chat_template(d, return_dict=False) for d in dialogues]
        order = sorted(range(len(ids)), key=lambda n: len(ids[n]))
        rewards = [0.0] * len(ids)
        for start in range(0, len(order), self._batch):
            indices = order[start : start + self._batch]
            padded = tokenizer.pad({"input_ids": [ids[n] for n in indices]}, return_tensors="pt").to(device)
            with torch.no_grad():
                scores = model(**padded).logits[:, 0].float().tolist()
            for index, score in zip(indices, scores, strict=True):
                rewards[index] = round(score, 6)
        return rewards
