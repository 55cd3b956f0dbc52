"""Seeds and draws that depend on the run's seed and on names, never on order or on the rest of the data."""

import hashlib
import random


def seed_of(seed: int, *names: object) -> int:
    """A 31-bit seed for one use, from the run's seed and the names of that use."""
    text = "\x1f".join(map(str, (seed, *names)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1


def generator(seed: int, *names: object) -> random.Random:
    """A random generator for one use."""
    return random.Random(seed_of(seed, *names))


def draw(items: list[str], count: int | None, seed: int, *names: object) -> list[str]:
    """`count` of the items (all for None), drawn by hash, so adding items never reshuffles the others. The original
    order is kept."""
    if count is None or count >= len(items):
        return list(items)
    chosen = set(sorted(items, key=lambda item: seed_of(seed, *names, item))[:count])
    return [item for item in items if item in chosen]
