"""Example retrieval: the questions most similar to an item, except those that would give its answer away."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from ultramed.curation import comparison
from ultramed.curation.dedup import clusters
from ultramed.curation.likeness import commonplace
from ultramed.embeddings import encode, nearest
from ultramed.params import Dedup
from ultramed.records import Instruction

Labels = tuple[np.ndarray, np.ndarray]  # of the items and of the pool; -1 matches nothing


def nearest_others(
    items: Sequence[Instruction], pool: Sequence[Instruction], count: int, settings: Dedup
) -> list[list[int]]:
    """For each item, the positions in the pool of up to `count` most similar questions, best first.

    Excludes the item's family (ancestors, siblings, children), its near-duplicates under `settings`, and items whose
    right option has the same text. Options such as "yes" or "no" are exempt from the last rule: examples with every
    other answer would point to the one left out.
    """
    cluster = clusters([*pool, *items], settings)
    barred = [_labels([i.family for i in items], [i.family for i in pool]),
              _labels([cluster[i.id] for i in items], [cluster[i.id] for i in pool]),
              _labels(map(_key_text, items), map(_key_text, pool))]
    picks = nearest(encode([i.question for i in items]), encode([i.question for i in pool]), count, barred)
    return [[int(n) for n in row if n >= 0] for row in picks]


def _key_text(item: Instruction) -> str | None:
    """Text of the right option; None for one such as "yes"."""
    text = next((comparison.normalise(o.text) for o in item.options if o.letter == item.key), "")
    return None if not text or commonplace(text) else text


def _labels(of_items: Iterable[Hashable], of_pool: Iterable[Hashable]) -> Labels:
    """Values as numbers; None is -1."""
    numbers: dict[Hashable, int] = {None: -1}
    first, second = ([numbers.setdefault(value, len(numbers)) for value in values] for values in (of_items, of_pool))
    return np.array(first, dtype=np.int64), np.array(second, dtype=np.int64)
