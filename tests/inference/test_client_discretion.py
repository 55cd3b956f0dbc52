"""Keys, rights and prices: what is never sent, what is never shown, and what is recorded."""

from pathlib import Path

import pytest
from clients import KEY, ask, statuses, told, values
from loopback import SETTINGS, Loopback, client, question, settings

from ultramed.errors import ModelError, RightsError
from ultramed.params import Price

pytestmark = pytest.mark.usefixtures("ledger")


def test_the_key_is_sent_and_nothing_else_shows_it(ledger: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Loopback() as server:
        answers, _ = ask(server.address, [question("q")], settings(), "api", "LOOPBACK_KEY")
    assert server.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert values(answers) == ["re q"]
    assert KEY.encode() not in b"".join(f.read_bytes() for f in ledger.iterdir())
    assert KEY not in "".join(capfd.readouterr())


@pytest.mark.parametrize(("status", "said"), [
    (401, "refused the key (HTTP 401); check the value of LOOPBACK_KEY"),
    (403, "check the value of LOOPBACK_KEY"),
    (500, "answered no request (7 tries, last: HTTP 500: bad key ***)"), (402, "answered HTTP 402: bad key ***"),
])
def test_a_refused_key_is_named_by_its_variable_and_never_shown(
    status: int, said: str, ledger: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with Loopback(statuses(*[status] * 9, text=f"bad key {KEY}")) as server, pytest.raises(ModelError) as caught:
        ask(server.address, [question("q")], settings(), "api", "LOOPBACK_KEY")
    assert said in str(caught.value)
    seen: BaseException | None = caught.value
    while seen is not None:
        assert KEY not in repr(seen) and KEY not in str(seen)
        seen = seen.__cause__ or seen.__context__
    assert KEY not in "".join(capfd.readouterr())
    assert KEY.encode() not in b"".join(f.read_bytes() for f in ledger.iterdir())


def test_a_key_that_is_not_set_is_missed_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOPBACK_KEY")
    with Loopback() as server:
        line = told(ModelError, server.address, given=settings(), name="api", key_env="LOOPBACK_KEY")
    assert "needs a key in the environment variable LOOPBACK_KEY, which is not set" in line
    assert server.bodies == []


@pytest.mark.parametrize("rights", ["quarantine", "deny", "unheard-of"])
def test_text_that_must_stay_here_is_never_sent_away(rights: str) -> None:
    with Loopback() as server:
        row = question("q", rights=rights)
        line = told(RightsError, server.address, row, given=settings(), name="api")
        assert line.startswith(
            f"q (attempt-1): has rights '{rights}': its text must not leave this machine, but 'api' is remote; ")
        assert server.bodies == []
        assert values(ask(server.address, [row])[0]) == ["re q"], "a model on this machine may be asked"


def test_the_manifest_says_what_was_used_and_what_it_cost_when_it_was_bought() -> None:
    """10 prompt and 2 completion tokens at 3 and 15 USD per million: (30 + 30) / 1e6. A new price changes nothing."""
    with Loopback() as server:
        bought, dear = ask(server.address, [question("q")], settings(price=Price(prompt=3.0, completion=15.0)), "api")
        _, cheap = ask(server.address, [question("q")], settings(price=Price(prompt=1.0, completion=1.0)), "api")
    (use,) = dear.manifest
    assert use.price_usd == pytest.approx(60e-6)
    assert bought[0].reply is not None
    assert (use.request_key, use.reply_hash, use.model, use.prompt, use.prompt_tokens, use.completion_tokens) == (
        question("q").key("identity"), bought[0].reply.hash, "api", "solve", 10, 2)
    assert list(cheap.manifest) == list(dear.manifest)


def test_models_of_ours_run_on_this_machine(ledger: Path) -> None:
    address = "http://127.0.0.1:1/v1"
    assert client(address, "sft", SETTINGS).private and client(address, "base", SETTINGS).private
    assert not client(address, "api").private
