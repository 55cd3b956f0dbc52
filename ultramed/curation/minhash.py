"""MinHash and locality-sensitive hashing over word shingles: selects the texts worth comparing.

Words are hashed to 64 bits once; shingles, bands and buckets are arrays. Buckets only propose pairs: the true Jaccard
similarity decides.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import numpy.typing as npt
from rensa import RMinHash
from xxhash import xxh3_64_intdigest

Hashes = npt.NDArray[np.uint64]
BATCH = 5_000  # texts shingled at a time
RECALL = 0.98  # share of pairs exactly at the threshold that must meet in some bucket
SEED = 1  # of the permutations; any fixed value proposes the same pairs in every run
_PRIME = np.uint64(0x9E3779B97F4A7C15)


class Shingler:
    """Shingles of `size` words as 64-bit hashes; a text shorter than that is one shingle."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._known = _Vocabulary()

    def one(self, words: list[str]) -> Hashes:
        """The distinct shingles of one text, sorted."""
        return np.unique(self.many([words])[0])

    def many(self, texts: list[list[str]]) -> tuple[Hashes, npt.NDArray[np.uint64]]:
        """Shingles of all texts in one array, and the start of each text in it (one more entry than texts)."""
        lengths = np.fromiter((max(len(w), self.size) for w in texts), np.int64, len(texts))
        known, flat = self._known, []
        for words in texts:
            flat.extend([known[w] for w in words])
            flat.extend([0] * (self.size - len(words)))
        tokens = np.array([*flat, *[0] * (self.size - 1)], np.uint64)
        hashed = np.zeros(len(flat), np.uint64)
        for k in range(self.size):
            hashed = hashed * _PRIME + tokens[k : k + len(flat)]
        ends = np.cumsum(lengths)
        left = np.repeat(ends, lengths) - np.arange(len(flat))  # words from here to the end of the text
        starts = np.concatenate([[0], np.cumsum(lengths - self.size + 1)]).astype(np.uint64)
        return hashed[left >= self.size], starts


class _Vocabulary(dict[str, int]):
    def __missing__(self, word: str) -> int:
        self[word] = hashed = xxh3_64_intdigest(word.encode())
        return hashed


def similarity(a: Hashes, b: Hashes) -> float:
    """Jaccard similarity of two sets of shingles as `Shingler.one` gives them."""
    shared = np.intersect1d(a, b, assume_unique=True).size
    return float(shared / (a.size + b.size - shared)) if a.size + b.size else 1.0


def width(threshold: float, permutations: int) -> int:
    """Permutations per band: the most with which two texts at the threshold share a band with probability RECALL.

    With r permutations per band and b = permutations // r bands that probability is 1 - (1 - threshold^r)^b
    (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, section 3.4).
    """
    fits = [r for r in range(1, permutations + 1) if 1 - (1 - threshold**r) ** (permutations // r) >= RECALL]
    return max(fits, default=1)


def buckets(
    texts: Iterable[list[str]], shingler: Shingler, threshold: float, permutations: int
) -> dict[int, list[int]]:
    """The buckets of each text, by position, that shares a bucket with another."""
    rows = width(threshold, permutations)
    parts = [_bands(matrix, rows) for matrix in _digests(texts, shingler, permutations)]
    if not parts:
        return {}
    bands = np.concatenate(parts)
    shared: dict[int, list[int]] = {}
    base = 0
    for column in bands.T:
        _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
        for text in np.flatnonzero(counts[inverse] > 1).tolist():
            shared.setdefault(text, []).append(base + int(inverse[text]))
        base += len(counts)
    return shared


def _digests(texts: Iterable[list[str]], shingler: Shingler, permutations: int) -> Iterator[npt.NDArray[np.uint32]]:
    texts = iter(texts)
    while batch := list(islice(texts, BATCH)):
        hashes, starts = shingler.many(batch)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts, permutations, SEED)
        yield np.array(matrix.to_rows(), np.uint32)


def _bands(matrix: npt.NDArray[np.uint32], rows: int) -> Hashes:
    """One 64-bit hash per band: (texts, permutations) becomes (texts, bands)."""
    count = matrix.shape[1] // rows
    bands = np.zeros((len(matrix), count), np.uint64)
    for k in range(rows):
        bands = bands * _PRIME + matrix[:, k : count * rows : rows].astype(np.uint64) + np.uint64(1)
    return bands
