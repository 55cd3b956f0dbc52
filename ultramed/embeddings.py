"""Static sentence embeddings by the encoder named in params, for example retrieval, grounding and the topic map."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ultramed.errors import ModelError

ENCODER = Path("models/local/encoder")
BLOCK = 2**26  # cosines computed at once


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


def nearest(
    queries: np.ndarray, pool: np.ndarray, count: int, barred: Sequence[tuple[np.ndarray, np.ndarray]] = ()
) -> np.ndarray:
    """Indices, shape (queries, count), of the pool vectors with the greatest cosine, best first; ties by index.

    `barred`: pairs of label arrays, one label per query and one per pool vector; a query never gets a vector with its
    own label, unless the label is negative. Missing results are -1. Works in blocks of about 256 MB.
    """
    count = min(count, len(pool))
    found = np.full((len(queries), count), -1, dtype=np.int64)
    block = max(1, BLOCK // max(1, len(pool)))
    for start in range(0, len(queries), block) if count else ():
        part = slice(start, start + block)
        cosine = queries[part] @ pool.T
        for of_queries, of_pool in barred:
            labels = of_queries[part, None]
            cosine[(labels == of_pool) & (labels >= 0)] = -np.inf
        rows = np.arange(len(cosine))
        for column in range(count):
            best = cosine.argmax(axis=1)
            found[part, column] = np.where(cosine[rows, best] > -np.inf, best, -1)
            cosine[rows, best] = -np.inf
    return found
