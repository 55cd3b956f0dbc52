"""Static sentence embeddings by the encoder named in params: retrieval of examples, grounding, the topic map."""

from pathlib import Path

import numpy as np

from ultramed.errors import ModelError

ENCODER = Path("models/local/encoder")


def encode(texts: list[str], folder: Path = ENCODER) -> np.ndarray:
    """Unit vectors, shape (texts, dimensions), float32; a text without known tokens becomes the zero vector.

    Raises ModelError when the encoder cannot be read.
    """
    from model2vec import StaticModel

    try:
        model = StaticModel.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(str(folder), f"holds no model2vec encoder: {error}", "check models.local.encoder") from None
    vectors = np.asarray(model.encode(texts), dtype=np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1.0)


def nearest(queries: np.ndarray, pool: np.ndarray, count: int) -> np.ndarray:
    """Indices, shape (queries, count), of the pool vectors with the greatest cosine, best first; ties by index.
    Works in blocks, so memory stays at 4,096 × pool."""
    count = min(count, len(pool))
    blocks = []
    for start in range(0, len(queries), 4096):
        cosine = queries[start : start + 4096] @ pool.T
        blocks.append(np.argsort(-cosine, axis=1, kind="stable")[:, :count])
    return np.concatenate(blocks) if blocks else np.zeros((0, count), dtype=np.int64)
