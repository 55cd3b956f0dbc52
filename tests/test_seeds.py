"""Seeds and draws depend on names, never on order or on other items."""

import random

from ultramed.seeds import draw, generator, seed_of

ITEMS = [f"MedQA,{n}" for n in range(200)]


def test_a_seed_is_the_same_in_every_process_and_version() -> None:
    """First four bytes of the SHA-256 of '20240606\\x1fsolve\\x1fMedQA,1\\x1f0', halved; pinned, because the seed is
    part of the ledger's key."""
    assert seed_of(20240606, "solve", "MedQA,1", 0) == 1960383731


def test_a_seed_has_31_bits_and_each_name_counts() -> None:
    seeds = {seed_of(1, "a", "b"), seed_of(1, "ab"), seed_of(1, "b", "a"), seed_of(2, "a", "b"), seed_of(1, "a"),
             seed_of(12), seed_of(1, 2)}
    assert len(seeds) == 7
    assert all(0 <= seed_of(n) < 2**31 for n in range(1000))
    assert max(seed_of(n) for n in range(1000)) > 2**30, "all 31 bits are used"


def test_generators_of_one_use_agree_and_leave_the_global_one_alone() -> None:
    random.seed(1)
    before = random.getstate()
    assert generator(7, "solve", "a").random() == generator(7, "solve", "a").random()
    assert generator(7, "solve", "a").random() != generator(7, "solve", "b").random()
    assert random.getstate() == before


def test_a_draw_has_its_size_its_order_and_everything_for_none() -> None:
    drawn = draw(ITEMS, 20, 1, "textbook")
    assert len(drawn) == 20
    assert drawn == [i for i in ITEMS if i in set(drawn)]
    assert draw(ITEMS, None, 1) == ITEMS == draw(ITEMS, 200, 1) == draw(ITEMS, 500, 1)
    assert draw(ITEMS, 0, 1) == []
    assert draw(ITEMS, 20, 2, "textbook") != drawn != draw(ITEMS, 20, 1, "evolve")


def test_a_draw_does_not_depend_on_order() -> None:
    shuffled = random.Random(0).sample(ITEMS, len(ITEMS))
    assert set(draw(shuffled, 20, 1, "textbook")) == set(draw(ITEMS, 20, 1, "textbook"))


def test_adding_an_item_never_reshuffles_the_others() -> None:
    """A new item may displace one; a larger count only adds."""
    before, after = set(draw(ITEMS, 20, 1)), set(draw(["new", *ITEMS], 20, 1))
    assert len(before - after) <= 1
    assert after - before <= {"new"}
    assert before < set(draw(ITEMS, 21, 1))


def test_a_draw_is_fair_enough() -> None:
    """Each of 200 items is drawn in half of 400 draws of 100: mean 200, standard deviation 10; 6 deviations allowed."""
    counts = dict.fromkeys(ITEMS, 0)
    for seed in range(400):
        for item in draw(ITEMS, 100, seed):
            counts[item] += 1
    assert min(counts.values()) > 140 and max(counts.values()) < 260
