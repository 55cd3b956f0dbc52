"""The one split that all later stages inherit: by hash of the family.

A family is the rows linked by evolution or similarity. Its split depends only on the seed and its representative: the
first, in natural order, of its oldest ancestors. So reordering rows, adding a child or adding an unrelated row never
moves a family. Only a row similar to several families merges them, and all of them go where the first one went.
"""

from collections.abc import Iterable
from hashlib import sha256

from ultramed.curation.dedup import clusters, looser, natural, prioritised
from ultramed.params import Params, Split
from ultramed.records import Assignment, Instruction

LOOSER = 0.2  # below dedup.threshold; rows this similar stay on one side of the split


def assign(instructions: Iterable[Instruction], settings: Params) -> list[Assignment]:
    """The split of every instruction, sorted by id."""
    rows = prioritised(list(instructions), list(settings.sources))
    families = _families(rows, clusters(rows, looser(settings.dedup, LOOSER)))
    return [Assignment(i, of, part(of, settings.seed, settings.split)) for i, of in sorted(families.items())]


def part(family: str, seed: int, shares: Split) -> str:
    """The split of a family: its hash is a number in [0, 1); test takes the low end, then dev, then train."""
    number = int.from_bytes(sha256(f"{seed}\x1fsplit\x1f{family}".encode()).digest()[:8], "big") / 2**64
    if number < shares.test:
        return "test"
    return "dev" if number < shares.test + shares.dev else "train"


def _families(rows: list[Instruction], similar: dict[str, str]) -> dict[str, str]:
    """Each id with the representative of its family, which may be an ancestor no longer among the rows."""
    joined: dict[str, str] = {}

    def root(ancestor: str) -> str:
        while (above := joined.setdefault(ancestor, ancestor)) != ancestor:
            joined[ancestor] = joined[above]
            ancestor = joined[ancestor]
        return ancestor

    ancestors = {row.id: row.family for row in rows}
    for row in rows:
        for relative in (row.parent, similar[row.id]):
            if relative is not None:
                other = root(ancestors.get(relative, row.family))
                first, last = sorted((root(row.family), other), key=natural)
                joined[last] = first
    return {row.id: root(row.family) for row in rows}
