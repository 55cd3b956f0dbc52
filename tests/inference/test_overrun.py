"""The budget holds, whatever `max_tokens` means to the model."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from clients import ask, told
from loopback import Loopback, question, settings

from ultramed.errors import BudgetError
from ultramed.ledger import budget
from ultramed.ledger.ledger import Ledger
from ultramed.params import BudgetUSD, Params, Price

pytestmark = pytest.mark.usefixtures("ledger")
TRUE_USD = 0.03201  # 10 tokens of prompt and 32,000 written, at 1 USD a million
THINKING = {
    "counted": {"prompt_tokens": 10, "completion_tokens": 32000, "total_tokens": 32010},
    "beside": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 32010,
               "completion_tokens_details": {"reasoning_tokens": 31995}},
    "beside, no total": {"prompt_tokens": 10, "completion_tokens": 5,
                         "completion_tokens_details": {"reasoning_tokens": 31995}},
}


def capped(usd: float, concurrency: int = 16) -> Params:
    return settings(concurrency, Price(prompt=1.0, completion=1.0)).model_copy(
        update={"budget_usd": BudgetUSD(total=usd)})


def replying(usage: Any) -> Any:
    async def plan(_: dict[str, Any], __: int) -> web.Response:
        return web.json_response({"choices": [{"message": {"content": "Rest."}}], "usage": usage})
    return plan


def spent(folder: Path) -> float:
    return sum(map(sum, budget.spent(Ledger(folder)).values()))


@pytest.mark.parametrize("usage", THINKING)
def test_the_first_reply_beyond_max_tokens_raises_what_the_next_ones_reserve(usage: str, ledger: Path) -> None:
    with Loopback(replying(THINKING[usage])) as server:
        questions = [question(f"q{n}") for n in range(40)]
        line = told(BudgetError, server.address, *questions, given=capped(0.05), name="api")
        assert "budget_usd.total is used up" in line.replace(": ", " ", 1) and len(server.bodies) == 1
        told(BudgetError, server.address, *questions, given=capped(0.05), name="api")
        assert len(server.bodies) == 1, "a new pass knows it, too"
    assert spent(ledger) == pytest.approx(TRUE_USD)


def test_with_money_for_more_it_stops_short_of_the_limit(ledger: Path) -> None:
    """Each may cost 0.0320 and its prompt's bytes: of 0.2 USD, six fit."""
    with Loopback(replying(THINKING["counted"])) as server:
        told(BudgetError, server.address, *(question(f"q{n}") for n in range(40)), given=capped(0.2), name="api")
    assert spent(ledger) == pytest.approx(6 * TRUE_USD)


def test_replies_that_grow_pass_the_limit_by_those_in_flight_only(ledger: Path) -> None:
    """The first reply is short; the 16 sent after it think. Never again in this ledger."""
    async def plan(_: dict[str, Any], __: int) -> web.Response:
        usage = THINKING["counted"] if len(server.bodies) > 1 else {"prompt_tokens": 10, "completion_tokens": 5}
        return web.json_response({"choices": [{"message": {"content": "Rest."}}], "usage": usage})

    with Loopback(plan) as server:
        questions = [question(f"q{n}") for n in range(40)]
        told(BudgetError, server.address, *questions, given=capped(0.05), name="api")
        bought = len(server.bodies)
        assert spent(ledger) <= 0.05 + 16 * TRUE_USD
        told(BudgetError, server.address, *questions, given=capped(spent(ledger) + 0.03), name="api")
        assert len(server.bodies) == bought


@pytest.mark.parametrize("usage", [
    None, {}, {"prompt_tokens": 10}, {"completion_tokens": 5}, {"total_tokens": 15}, "15", {"prompt_tokens": -1},
    {"prompt_tokens": 0, "completion_tokens": 0},
])
def test_tokens_that_are_not_counted_cost_what_they_may(usage: Any, ledger: Path) -> None:
    with Loopback(replying(usage)) as server:
        ask(server.address, [question("q")], capped(1.0), "api")
        ask(server.address, [question("q2")], capped(1.0), "api")
    assert spent(ledger) >= 2 * 16e-6, "16 tokens each at least"
