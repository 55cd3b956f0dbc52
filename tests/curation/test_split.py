"""Families stay whole, shares are met, and added rows move no family."""

import random
from collections import Counter
from math import sqrt

from curation_rows import row, settings

from ultramed.curation.split import assign, part
from ultramed.params import Params, Split
from ultramed.records import Instruction

ROOTS = ["bac", "dor", "fil", "gum", "hep", "jot", "kav", "lem", "nix", "pyr"]


def with_shares(dev: float, test: float) -> Params:
    return settings().model_copy(update={"split": Split(dev=dev, test=test)})


def unlike(count: int, start: int = 0) -> list[Instruction]:
    """Rows that share no word."""
    return [row(f"q,{n}", " ".join(f"{a}{b}{n}" for a in ROOTS for b in "xyz")) for n in range(start, start + count)]


def test_shares_within_four_standard_errors() -> None:
    count, dev, test = 4000, 0.1, 0.15
    found = Counter(a.split for a in assign(unlike(count), with_shares(dev, test)))
    for name, share in (("dev", dev), ("test", test), ("train", 1 - dev - test)):
        assert abs(found[name] / count - share) < 4 * sqrt(share * (1 - share) / count)


def test_evolution_relatives_share_a_family_even_when_the_parent_is_gone() -> None:
    rows = unlike(3)
    children = [
        row("e,1", "completely new wording here", parent="q,1", family="q,1", round_=1),
        row("e,2", "another thing altogether now", parent="e,1", family="q,1", round_=2),
        row("e,3", "orphaned one of two", parent="gone", family="gone", round_=1),
        row("e,4", "orphaned two, unlike its sibling", parent="gone", family="gone", round_=1),
    ]
    families = {a.id: a.family for a in assign(rows + children, with_shares(0.3, 0.3))}
    assert families["e,1"] == families["e,2"] == families["q,1"] == "q,1"
    assert families["e,3"] == families["e,4"]
    assert len({families[i] for i in ("q,0", "q,1", "q,2", "e,3")}) == 4


def test_similar_rows_share_a_family_at_the_looser_threshold() -> None:
    words = unlike(1)[0].question.split()
    similar = [*words[:10], "aa", "bb", *words[12:]]
    # 30 words, 28 shingles; two adjacent changes replace 4: 24 / 32 = 0.75, below 0.8 and above 0.6
    families = {a.id: a.family for a in assign([*unlike(2), row("s", " ".join(similar))], with_shares(0.3, 0.3))}
    assert families["s"] == families["q,0"] != families["q,1"]


def test_one_family_one_split() -> None:
    rows = unlike(200) + [
        row(f"e,{n}", f"child number {n} of it", parent=f"q,{n % 200}", family=f"q,{n % 200}") for n in range(600)
    ]
    sides: dict[str, set[str]] = {}
    for assignment in assign(rows, with_shares(0.2, 0.2)):
        sides.setdefault(assignment.family, set()).add(assignment.split)
    assert all(len(side) == 1 for side in sides.values())
    assert {name for side in sides.values() for name in side} == {"train", "dev", "test"}


def test_order_does_not_matter_and_added_rows_move_nobody() -> None:
    rows, params = unlike(300), with_shares(0.2, 0.2)
    before = assign(rows, params)
    assert [a.id for a in before] == sorted(a.id for a in before)
    assert assign(random.Random(3).sample(rows, len(rows)), params) == before
    more = [*unlike(100, start=300), row("z,1", "a child of the first", parent="q,0", family="q,0", round_=1)]
    more += [row(f"q,{1000 + n}", f"{rows[n].question} again") for n in range(50)]
    after = {a.id: a for a in assign(more + rows, params)}
    assert [after[a.id] for a in before] == before
    assert after["z,1"].split == after["q,0"].split
    assert all(after[f"q,{1000 + n}"].family == f"q,{n}" for n in range(50))


def test_the_seed_and_the_shares_decide() -> None:
    names = [f"family {n}" for n in range(500)]
    shares = Split(dev=0.2, test=0.2)
    first, second = ([part(name, seed, shares) for name in names] for seed in (1, 2))
    assert first != second
    wider = [part(name, 1, Split(dev=0.2, test=0.3)) for name in names]
    assert all(new == "test" for old, new in zip(first, wider, strict=True) if old == "test")
