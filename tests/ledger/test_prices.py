"""What a model costs: the price in params, else in the table; nothing is sent to a model without a known price."""

from importlib.metadata import version
from typing import Any

import pytest
from clients import ask, told, values
from loopback import SETTINGS, Loopback, question, settings

from ultramed.errors import BudgetError
from ultramed.ledger.prices import TABLE, price_of, required, source
from ultramed.params import BatchSettings, Models, Params, Price, RemoteModel

OPENAI = "https://api.openai.com/v1"
MINI = Price(prompt=0.15, completion=0.6)  # gpt-4o-mini: openai.com/api/pricing, 2024-07-18 and since


def remote(model: str = "gpt-4o-mini", provider: str = "openai", url: str = OPENAI, **more: Any) -> RemoteModel:
    return RemoteModel(base_url=url, model=model, revision="1", provider=provider, **more)


def unpriced(address: str, **more: Any) -> Params:
    """The tests' parameters, with no price for `api`."""
    given = settings(address=address)
    api = given.models.remote["api"].model_copy(update={"price": None, **more})
    return given.model_copy(update={"models": Models(local=given.models.local, remote={"api": api})})


def test_a_price_in_params_wins_over_the_table() -> None:
    own = Price(prompt=1.0, completion=2.0)
    assert price_of(remote(price=own)) == own
    assert price_of(remote(price=Price(prompt=0.0, completion=0.0))) == Price(prompt=0.0, completion=0.0)
    assert source(remote(price=own)) == source(remote(price=Price(prompt=0.0, completion=0.0))) == "params.yaml"


def test_a_listed_model_has_a_price_from_the_table() -> None:
    assert price_of(remote()) == required("x", remote()) == MINI
    assert source(remote()) == f"{TABLE} {version(TABLE)}"


def test_the_price_is_that_of_the_model_and_not_of_its_family() -> None:
    big = price_of(remote("gpt-4o"))
    assert big is not None and big.prompt > 10 * MINI.prompt and big.completion > 10 * MINI.completion


def test_a_provider_is_known_by_its_name_or_else_by_its_address() -> None:
    assert price_of(remote(provider="ours")) == MINI
    assert price_of(remote(provider="ours", url="https://gateway.example/v1")) is None
    assert price_of(remote(url="https://gateway.example/v1")) == MINI


@pytest.mark.parametrize("price", [None, Price(prompt=0.15, completion=0.6)])
def test_a_batch_has_its_discount_wherever_the_price_comes_from(price: Price | None) -> None:
    """A quarter off: 0.15 · 0.75 and 0.6 · 0.75."""
    discounted = price_of(remote(price=price, batch=BatchSettings(discount=0.25)))
    assert discounted is not None
    assert (discounted.prompt, discounted.completion) == (pytest.approx(0.1125), pytest.approx(0.45))


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_an_address_on_this_machine_has_no_price_whatever_the_model_is_called(host: str) -> None:
    assert price_of(remote(url=f"http://{host}/v1")) is None
    assert price_of(remote(url=f"http://{host}/v1", price=MINI)) == MINI


def test_what_nobody_knows_is_refused_with_what_to_do() -> None:
    with pytest.raises(BudgetError) as caught:
        required("strong", remote("m-1", "p", "https://p.example/v1"))
    assert str(caught.value) == (
        "models.remote.strong: no price is known for 'm-1' from 'p'; state it as price: {prompt: …, completion: …} in "
        "USD per million tokens; 0.0 for a server of your own")


@pytest.mark.parametrize("model", ["m", "gpt-4o-mini"])
@pytest.mark.usefixtures("ledger")
def test_nothing_is_sent_to_a_model_whose_price_nobody_knows(model: str) -> None:
    with Loopback() as server:
        given = unpriced(server.address, model=model, provider="openai")
        line = told(BudgetError, server.address, question("q"), given=given, name="api")
    assert line.startswith(f"models.remote.api: no price is known for '{model}' from 'openai'; state it as price: ")
    assert server.bodies == []


@pytest.mark.usefixtures("ledger")
def test_a_model_on_this_machine_costs_nothing_and_needs_no_price() -> None:
    with Loopback() as server:
        answers, asker = ask(server.address, [question("q")], unpriced(server.address), "here")
    assert values(answers) == ["re q"]
    assert [use.price_usd for use in asker.manifest] == [0.0]
    assert all(price_of(model) is required(name, model) is None for name, model in SETTINGS.models.local.items())


@pytest.mark.usefixtures("ledger")
def test_the_price_of_the_table_is_what_is_written_down() -> None:
    """10 prompt and 2 completion tokens of gpt-4o-mini: (10 · 0.15 + 2 · 0.6) / 1e6 = 2.7e-6."""
    with Loopback() as server:
        _, asker = ask(server.address, [question("q")], unpriced(OPENAI, model="gpt-4o-mini", provider="openai"), "api")
    assert [use.price_usd for use in asker.manifest] == [pytest.approx(2.7e-6)]
