"""Lists on disk: nothing is lost, duplicated, changed or kept in memory."""

import gc
from itertools import islice

from loopback import question
from pydantic import BaseModel

from ultramed.annotation.judge import judgement
from ultramed.ledger.requests import Request
from ultramed.spool import KEPT, Spool

MANY = 2 * KEPT + 7


def spooled(count: int) -> Spool[int]:
    spool: Spool[int] = Spool()
    for n in range(count):
        spool.append(n)
    return spool


def test_an_empty_one() -> None:
    assert (len(Spool()), list(Spool())) == (0, [])


def test_items_come_back_in_their_order_as_often_as_wanted() -> None:
    for count in (1, KEPT - 1, KEPT, KEPT + 1, MANY):
        spool = spooled(count)
        assert len(spool) == count
        assert list(spool) == list(spool) == list(range(count))


def test_two_iterations_do_not_disturb_each_other() -> None:
    """Both read the same file: one is far into it when the other begins, and they alternate."""
    spool = spooled(MANY)
    first = iter(spool)
    ahead = list(islice(first, KEPT + 5))
    second = list(zip(spool, first, strict=False))
    assert ahead == list(range(KEPT + 5))
    assert second == [(n, n + KEPT + 5) for n in range(MANY - KEPT - 5)]


def test_iterations_that_take_turns_are_both_whole() -> None:
    spool = spooled(MANY)
    assert list(zip(spool, spool, strict=True)) == [(n, n) for n in range(MANY)]


def test_what_is_appended_after_an_iteration_comes_after_the_rest() -> None:
    """An iteration leaves the file position away from where new items belong."""
    spool = spooled(KEPT + 3)
    for end in (2 * KEPT + 1, 3 * KEPT + 2):
        assert list(islice(spool, 10)) == list(range(10)), "left in the middle"
        for n in range(len(spool), end):
            spool.append(n)
        assert list(spool) == list(range(end))


def test_an_iteration_survives_what_is_appended_while_it_runs() -> None:
    """Items present at the start come once, in order; later items may follow."""
    spool = spooled(KEPT + 3)
    running = iter(spool)
    items = list(islice(running, KEPT + 1))
    for n in range(len(spool), 3 * KEPT):
        spool.append(n)
    items += list(running)
    assert items == list(range(len(items))) and len(items) >= KEPT + 3
    assert list(spool) == list(range(3 * KEPT))


def test_requests_survive_with_their_very_reply_types() -> None:
    """Types created at run time cannot be looked up by name; they must be the same objects, with the same keys."""
    kinds: list[type[BaseModel] | None] = [judgement(3, 60, 5), judgement(2, 60, 5), None]
    spool: Spool[Request] = Spool()
    for n in range(MANY):
        request = question(f"q{n}", reply_type=kinds[n % 3], sample=n)
        request.key("i")  # fills the cache
        spool.append(request)
    for n, request in enumerate(spool):
        assert request.reply_type is kinds[n % 3]
        if n % 1000 == 0:
            made = question(f"q{n}", reply_type=kinds[n % 3], sample=n)
            assert (request, request.key("i"), request.turns) == (made, made.key("i"), made.turns)


def test_types_themselves_are_items_like_others() -> None:
    kinds = [judgement(3, 60, 5), judgement(3, 60, 5)]
    spool: Spool[tuple[int, type[BaseModel]]] = Spool()
    for n in range(KEPT):
        spool.append((n, kinds[n % 2]))
    assert all(kind is kinds[n % 2] for n, kind in spool)


def test_of_many_strings_only_the_last_few_stay_in_memory() -> None:
    spool: Spool[str] = Spool()
    most = 0
    for n in range(200_000):
        spool.append(f"line {n}")
        most = max(most, len(spool._last))
    assert len(spool) == 200_000 and most <= KEPT


def test_an_iteration_holds_one_part_at_a_time() -> None:
    spool: Spool[object] = Spool()
    for n in range(4 * KEPT):
        spool.append([n])
    gc.collect()
    alive = []
    for n, _ in enumerate(spool):
        if n % KEPT == KEPT // 2:
            alive.append(sum(type(x) is list and len(x) == 1 and type(x[0]) is int for x in gc.get_objects()))
    assert max(alive) < 1.5 * KEPT


def test_two_spools_share_nothing() -> None:
    first, second = spooled(KEPT), spooled(2 * KEPT)
    assert (list(first), list(second)) == (list(range(KEPT)), list(range(2 * KEPT)))
