"""Retrieved examples: accepted answers to the questions nearest to an item, none of which gives its own answer away."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from ultramed.curation import comparison
from ultramed.curation.dedup import clusters
from ultramed.curation.likeness import commonplace
from ultramed.embeddings import encode, nearest
from ultramed.params import Dedup
from ultramed.records import Instruction

Labels = tuple[np.ndarray, np.ndarray]  # of the items and of the pool; -1 is equal to nothing


def nearest_others(
    items: Sequence[Instruction], pool: Sequence[Instruction], count: int, settings: Dedup
) -> list[list[int]]:
    """For each item, positions in the pool of up to `count` questions nearest to it, best first.

    Left out are an item's family (ancestors, siblings, children), rows that `settings` would call near-duplicates of
    it, and items whose right option has the same text. Answers such as "yes" or "no" do not count: to show only the
    others would give them away, too.
    """
    alike = clusters([*pool, *items], settings)
    barred = [_labels([i.family for i in items], [i.family for i in pool]),
              _labels([alike[i.id] for i in items], [alike[i.id] for i in pool]),
              _labels(map(_key_text, items), map(_key_text, pool))]
    picks = nearest(encode([i.question for i in items]), encode([i.question for i in pool]), count, barred)
    return [[int(n) for n in row if n >= 0] for row in picks]


def _key_text(item: Instruction) -> str | None:
    """The right option; None if it says too little to give an answer away."""
    text = next((comparison.normalise(o.text) for o in item.options if o.letter == item.key), "")
    return None if not text or commonplace(text) else text


def _labels(of_items: Iterable[Hashable], of_pool: Iterable[Hashable]) -> Labels:
    """Values as numbers; None is -1."""
    numbers: dict[Hashable, int] = {None: -1}
    first, second = ([numbers.setdefault(value, len(numbers)) for value in values] for values in (of_items, of_pool))
    return np.array(first, dtype=np.int64), np.array(second, dtype=np.int64)
