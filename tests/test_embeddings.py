"""Embeddings by the real encoder: unit vectors, similarity of meaning, a stable order for ties."""

from pathlib import Path

import numpy as np
import pytest

from ultramed.embeddings import encode, nearest
from ultramed.errors import ModelError


@pytest.fixture
def encoder() -> Path:
    static_model = pytest.importorskip("static_model", reason="the embedded encoder is not installed")
    return Path(static_model.__file__).parent / "model"


def test_vectors_have_unit_length_and_texts_without_words_are_zero(encoder: Path) -> None:
    vectors = encode(["the heart pumps blood", "", "a" * 5000, "the heart pumps blood"], encoder)
    assert (vectors.shape[0], vectors.dtype) == (4, np.float32)
    assert np.linalg.norm(vectors, axis=1)[[0, 3]] == pytest.approx(1, abs=1e-6)
    assert not vectors[1].any() and np.isfinite(vectors).all()
    assert (vectors[0] == vectors[3]).all()
    assert encode([], encoder).shape == (0, vectors.shape[1])


def test_what_is_alike_in_meaning_is_nearest(encoder: Path) -> None:
    pool = encode(["The kidney filters blood.", "Asthma narrows the airways.", "The heart pumps blood."], encoder)
    indices = nearest(encode(["bronchial constriction and wheezing", "renal filtration"], encoder), pool, 1)
    assert indices.tolist() == [[1], [0]]


def test_nearest_is_ordered_best_first_and_ties_by_index() -> None:
    """Cosines of (1, 0) with the pool: 0, 1, 0.6, 1."""
    pool = np.array([[0, 1], [1, 0], [0.6, 0.8], [1, 0]], dtype=np.float32)
    queries = np.array([[1, 0]] * 5000, dtype=np.float32)  # more than one block
    assert nearest(queries[:1], pool, 3).tolist() == [[1, 3, 2]]
    assert (nearest(queries, pool, 3) == [1, 3, 2]).all() and len(nearest(queries, pool, 3)) == 5000
    assert nearest(queries[:1], pool, 9).tolist() == [[1, 3, 2, 0]]


def test_what_is_barred_is_passed_over_and_nothing_stands_where_none_is_left() -> None:
    pool = np.array([[0, 1], [1, 0], [0.6, 0.8], [1, 0]], dtype=np.float32)
    queries = np.array([[1, 0]] * 3, dtype=np.float32)
    families = np.array([7, 8, -1]), np.array([8, 7, 7, -1])  # a negative label equals none
    assert nearest(queries, pool, 2, [families]).tolist() == [[3, 0], [1, 3], [1, 3]]
    keys = np.array([1, 1, 1]), np.array([1, 1, 1, 2])
    assert nearest(queries, pool, 2, [families, keys]).tolist() == [[3, -1], [3, -1], [3, -1]]


def test_nothing_to_compare_gives_nothing() -> None:
    two = np.ones((2, 2), dtype=np.float32)
    assert nearest(two[:0], two, 1).shape == (0, 1)
    assert nearest(two, two[:0], 1).shape == (2, 0)


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_folder_without_an_encoder_is_one_clear_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no model2vec encoder: .*; check models.local.encoder") as caught:
        encode(["a"], tmp_path / name)
    assert "\n" not in str(caught.value)
