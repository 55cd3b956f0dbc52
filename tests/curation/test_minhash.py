"""Shingles, bands and buckets against their definitions."""

import numpy as np
import pytest

from ultramed.curation.minhash import RECALL, Shingler, buckets, similarity, width


def test_shingles_of_many_texts_are_those_of_each() -> None:
    shingler = Shingler(3)
    texts = [["a", "b", "c", "d"], ["x", "y"], [], ["a", "b", "c", "d"], ["b", "c", "d", "e", "f"]]
    hashes, starts = shingler.many(texts)
    assert starts.tolist() == [0, 2, 3, 4, 6, 9]  # 4-3+1, then 1 for each short text, 2, 3
    for number, text in enumerate(texts):
        own = np.unique(hashes[int(starts[number]) : int(starts[number + 1])])
        assert own.tolist() == shingler.one(text).tolist()


def test_shingles_do_not_reach_into_the_next_text() -> None:
    shingler = Shingler(2)
    assert similarity(shingler.one(["a", "b"]), shingler.many([["a", "b"], ["c", "d"]])[0][:1]) == 1.0
    assert similarity(shingler.one(["b", "a"]), shingler.one(["a", "b"])) == 0.0


def test_similarity_is_jaccard() -> None:
    shingler = Shingler(3)
    a, b = shingler.one(["a", "b", "c", "d", "e"]), shingler.one(["a", "b", "c", "d", "f"])
    assert similarity(a, b) == 2 / 4  # abc bcd | cde | cdf


@pytest.mark.parametrize(("threshold", "expected"), [(0.8, 7), (0.6, 4)])
def test_bands_are_as_wide_as_recall_allows(threshold: float, expected: int) -> None:
    def recall(r: int) -> float:
        return 1 - (1 - threshold**r) ** (128 // r)

    assert width(threshold, 128) == expected
    assert recall(expected) >= RECALL > recall(expected + 1)


def test_similar_texts_share_a_bucket_and_others_do_not() -> None:
    random = np.random.default_rng(7)
    texts = [[f"w{n}" for n in random.integers(0, 5000, 100)] for _ in range(200)]
    texts += [[*text[:50], "new", *text[51:]] for text in texts[:100]]  # 95 of 98 + 3 shingles shared: 0.94
    found = buckets(texts, Shingler(3), 0.8, 128)
    for number in range(100):
        assert set(found[number]) & set(found[200 + number])
    assert not set(found) & set(range(100, 200))
    assert buckets([], Shingler(3), 0.8, 128) == {}
