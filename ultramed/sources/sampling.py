"""`limit`: a seeded sample of a source's usable rows, whatever their order in its files."""

import heapq
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from xxhash import xxh3_64_intdigest

from ultramed.sources.raw import Broken

T = TypeVar("T")


def sample(
    rows: Callable[[], Iterable[T]], key: Callable[[T], str], limit: int | None, seed: int, source: str
) -> Iterator[T]:
    """`limit` usable rows, drawn by the hash of their keys, in their own order; of broken rows the same share.

    `rows` is read twice, so that no more than the hashes of `limit` rows stay in memory. Rows that are added to a
    source later may push others out of the sample; they move none.
    """
    if limit is None:
        yield from rows()
        return

    def rank(row: T) -> int:
        return xxh3_64_intdigest(f"{source}\x1f{key(row)}".encode("utf-8", "surrogatepass"), seed)

    last = _nth_smallest((rank(row) for row in rows() if not isinstance(row, Broken)), limit)
    yield from (row for row in rows() if last is None or rank(row) <= last)


def _nth_smallest(ranks: Iterable[int], n: int) -> int | None:
    """None where there are no more than n."""
    smallest: list[int] = []  # as negatives: the heap's first is the largest of them
    more = False
    for rank in ranks:
        if len(smallest) < n:
            heapq.heappush(smallest, -rank)
        else:
            more = True
            heapq.heappushpop(smallest, -rank)
    return -smallest[0] if more else None
