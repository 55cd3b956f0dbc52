"""The budget: never exceeded, whatever is in flight or killed; the stop at it is clean and says how to continue."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from clients import ask, start, told, values, wait_for
from loopback import Loopback, echo, question, said, settings

from ultramed.errors import BudgetError
from ultramed.ledger.budget import NANO, Budget, spent
from ultramed.ledger.ledger import Ledger
from ultramed.params import BudgetUSD, Params, Price

pytestmark = pytest.mark.usefixtures("ledger")
PRICE = Price(prompt=1000.0, completion=1000.0)  # echo: 10 + 2 tokens, USD 0.012 a reply
MOST = 0.19  # upper bound for one question: about 170 bytes sent, 16 tokens allowed


def capped(total: float | None = None, concurrency: int = 8, **stages: float) -> Params:
    return settings(concurrency, PRICE).model_copy(update={"budget_usd": BudgetUSD(total=total, stages=stages)})


def questions(count: int, first: int = 0) -> Any:
    return (question(f"q{n}") for n in range(first, first + count))


def money(folder: Path) -> dict[str, tuple[float, float]]:
    with closing(Ledger(folder)) as ledger:
        return spent(ledger)


def reserved(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        return db.execute("SELECT coalesce(sum(nano), 0) FROM reserved").fetchone()[0]


def test_what_fits_is_bought_and_nothing_stays_reserved(ledger: Path) -> None:
    with Loopback() as server:
        answers, _ = ask(server.address, questions(50), capped(total=1.0), "api")
    assert values(answers) == [f"re q{n}" for n in range(50)]
    assert money(ledger) == {"trial": (pytest.approx(50 * 0.012), 0.0)}
    assert reserved(ledger) == 0


def test_the_cap_is_never_passed_with_500_in_flight_and_what_came_is_kept(ledger: Path) -> None:
    async def slow(body: dict[str, Any], nth: int) -> web.StreamResponse:
        await asyncio.sleep(0.02)
        return await echo(body, nth)

    with Loopback(slow) as server:
        line = told(BudgetError, server.address, *questions(2000), given=capped(total=5.0, concurrency=500), name="api")
        bought, cost = len(server.bodies), money(ledger)["trial"][0]
        assert bought * 0.012 == pytest.approx(cost)
        assert 5.0 - MOST <= cost <= 5.0
        assert line.startswith("budget_usd.total: is used up: USD ") and "raise budget_usd.total and run again" in line
        told(BudgetError, server.address, *questions(2000), given=capped(total=5.0, concurrency=500), name="api")
    assert len(server.bodies) == bought, "the second time nothing is left to spend"
    assert reserved(ledger) == 0


def test_more_money_goes_on_from_there() -> None:
    with Loopback() as server:
        told(BudgetError, server.address, *questions(100), given=capped(trial=0.5), name="api")
        answers, _ = ask(server.address, questions(100), capped(trial=2.0), "api")
    assert values(answers) == [f"re q{n}" for n in range(100)]
    assert set(server.asked.values()) == {1}


@pytest.mark.parametrize(("stages", "stops"), [
    ({"trial": 0.3}, True), ({"trial@x": 0.3}, False), ({"judge": 0.3}, False), ({"judge": 0.3, "trial": 0.3}, True),
])
def test_a_limit_is_of_the_stage_it_names(stages: dict[str, float], stops: bool) -> None:
    with Loopback() as server:
        if stops:
            assert told(BudgetError, server.address, *questions(100), given=capped(**stages), name="api").startswith(
                "budget_usd.stages.trial: is used up")
        else:
            assert len(ask(server.address, questions(100), capped(**stages), "api")[0]) == 100


def test_parts_of_a_stage_share_its_limit(ledger: Path) -> None:
    limits = BudgetUSD(stages={"candidates": 1.0, "candidates@b": 0.25})
    with closing(Ledger(ledger)) as opened:
        a, b = Budget(opened, "candidates@a", limits), Budget(opened, "candidates@b", limits, "batch:1")
        with opened.writing() as db:
            assert (a.reserve(db, [NANO // 2] * 9), b.reserve(db, [NANO // 8] * 9)) == (2, 0)
            a.settle(db, NANO, NANO // 2, 0)
            assert b.reserve(db, [NANO // 8] * 9) == 2


def test_a_try_whose_outcome_nobody_knows_counts_at_the_most_it_can_cost(ledger: Path) -> None:
    """An answer that was cut off has been generated, and may be charged for."""
    async def cut(body: dict[str, Any], nth: int) -> web.StreamResponse:
        return await echo(body, nth) if nth > 1 else web.Response(text='{"choi', content_type="application/json")

    with Loopback(cut) as server:
        answers, _ = ask(server.address, questions(1), capped(total=1.0), "api")
    sure, perhaps = money(ledger)["trial"]
    assert (values(answers), sure) == (["re q0"], pytest.approx(0.012))
    assert 0.1 < perhaps < MOST


def test_it_counts_without_a_limit_too(ledger: Path) -> None:
    async def cut(body: dict[str, Any], nth: int) -> web.StreamResponse:
        return await echo(body, nth) if nth > 1 else web.Response(text='{"choi', content_type="application/json")

    with Loopback(cut) as server:
        ask(server.address, questions(1), settings(4, PRICE), "api")
        ask(server.address, questions(1, first=1), settings(4), "here")
    assert 0.1 < money(ledger)["trial"][1] < MOST, "a model on this machine costs nothing"


def test_a_refusal_and_a_busy_endpoint_cost_nothing(ledger: Path) -> None:
    async def plan(body: dict[str, Any], nth: int) -> web.StreamResponse:
        if body["messages"][0]["content"] == "q1":
            return web.Response(status=400, text="bad")
        return web.Response(status=429) if nth == 1 else await echo(body, nth)

    with Loopback(plan) as server:
        answers, _ = ask(server.address, questions(3), capped(total=1.0), "api")
    assert [a.failure for a in answers] == ["", "rejected", ""]
    assert money(ledger)["trial"] == (pytest.approx(2 * 0.012), 0.0)
    assert reserved(ledger) == 0


def test_what_a_killed_process_had_reserved_counts_as_spent(ledger: Path) -> None:
    """The requests it had in flight may have been answered, and charged for."""
    async def never(body: dict[str, Any], nth: int) -> web.StreamResponse:
        await asyncio.sleep(1)
        return said("late")

    with Loopback(never) as server, start(server.address, 300, 4, "--budget", "10") as first:
        wait_for(lambda: server.open == 4)
        first.kill()
        first.wait()
        held = reserved(ledger) / NANO
        wait_for(lambda: server.open == 0)
    with Loopback() as server:
        ask(server.address, questions(10), capped(total=10.0), "api")
    sure, perhaps = money(ledger)["trial"]
    assert (sure, perhaps) == (pytest.approx(0.12), pytest.approx(held))
    assert 4 * 0.1 < held <= 8 * MOST, "no more than twice what may be in flight"


def test_two_processes_draw_on_one_budget(ledger: Path) -> None:
    async def slow(body: dict[str, Any], nth: int) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        return await echo(body, nth)

    with Loopback(slow) as server, start(server.address, 300, 8, "--budget", "2") as one, \
            start(server.address, 300, 8, "--budget", "2", "--prefix", "p") as two:
        said = one.communicate(timeout=60)[1] + two.communicate(timeout=60)[1]
    assert (one.returncode, two.returncode) == (1, 1) and said.count("budget_usd.total: is used up") == 2
    assert 2.0 - 2 * MOST <= sum(money(ledger)["trial"]) <= 2.0


def test_without_a_limit_money_is_counted_all_the_same(ledger: Path, tmp_path: Path) -> None:
    with Loopback() as server:
        ask(server.address, questions(5), settings(4, PRICE), "api")
    assert money(ledger) == {"trial": (pytest.approx(0.06), 0.0)}
    assert '"usd": 0.06' in (tmp_path / ".ultramed/spending.jsonl").read_text()


def test_what_was_spent_is_said_once(capfd: pytest.CaptureFixture[str]) -> None:
    with Loopback() as server:
        ask(server.address, questions(5), settings(4, PRICE), "api")
        ask(server.address, questions(5), settings(4, PRICE), "api")
    assert capfd.readouterr().err.count("  trial: 5 replies from api for USD 0.0600\n") == 1
