"""Limits to the share that one of several kinds may have of what is left."""

from collections.abc import Iterable


def most_of_one(counts: Iterable[int], share: float) -> int:
    """The largest number that each kind may have so that none has more than `share` of all that stay."""
    sizes = list(counts)
    most = max(sizes, default=0)
    while most and most > share * sum(min(n, most) for n in sizes) + 1e-9:
        most -= 1
    return most
