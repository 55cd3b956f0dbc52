"""Static sentence embeddings by the encoder named in params, for example retrieval, grounding and the topic map."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ultramed.errors import ModelError

ENCODER = Path("models/local/encoder")


def encode(texts: list[str], folder: Path = ENCODER) -> np.ndarray:
    """Unit vectors, shape (texts, dimensions), float32; a text without known tokens becomes the zero vector.

    Raises ModelError when the encoder cannot be read.
    """
    try:
        model = _model(folder.resolve())
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(str(folder), f"has no model2vec encoder: {error}", "check models.local.encoder") from None
    if not texts:
        return np.zeros((0, model.dim), dtype=np.float32)
    vectors = np.asarray(model.encode(texts), dtype=np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1.0)


@cache
def _model(folder: Path) -> Any:
    from model2vec import StaticModel

    return StaticModel.from_pretrained(folder)


def nearest(queries: np.ndarray, pool: np.ndarray, count: int) -> np.ndarray:
    """Indices, shape (queries, count), of the pool vectors with the greatest cosine, best first; ties by index.
    Works in blocks, so memory stays at 4,096 × pool."""
    count = min(count, len(pool))
    blocks = []
    for start in range(0, len(queries), 4096):
        cosine = queries[start : start + 4096] @ pool.T
        blocks.append(np.argsort(-cosine, axis=1, kind="stable")[:, :count])
    return np.concatenate(blocks) if blocks else np.zeros((0, count), dtype=np.int64)
