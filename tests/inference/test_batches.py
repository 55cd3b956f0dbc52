"""Requests through the Batch API: the same replies in the same ledger, nothing submitted twice, whatever breaks."""

import json
import sqlite3
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from clients import Pick, ask, start, told, values, wait_for
from faulty import always, endpoint
from faulty import told as counted
from loopback import question, settings

from ultramed.errors import BudgetError, ModelError
from ultramed.inference.batch import batches
from ultramed.inference.batch.api import BatchApi
from ultramed.inference.batch.results import collect
from ultramed.inference.http.endpoint import Target
from ultramed.inference.http.wire import Dialect
from ultramed.params import BudgetUSD, Params, Price
from ultramed.params.models import Retries

pytestmark = pytest.mark.usefixtures("ledger")
PRICE = Price(prompt=1000.0, completion=1000.0)  # halved by the batch's discount


def given(price: Price | None = None, total: float | None = None, **batch: Any) -> Params:
    return settings(8, price, batch=batch).model_copy(update={"budget_usd": BudgetUSD(total=total)})


def questions(count: int) -> Any:
    return (question(f"q{n}") for n in range(count))


def abandon_batch(address: str) -> None:
    """Run a stage that is killed once it has submitted a batch of 20 requests."""
    with start(address, 20, 4, "--batch", "{}") as stage:
        wait_for(lambda: counted(address)["batches"] == 1)
        stage.kill()


def open_batches(ledger: Path) -> list[tuple[str | None, ...]]:
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        return db.execute("SELECT batch_id FROM batches").fetchall()


def test_replies_come_in_order_into_the_ledger_and_nothing_is_left_there(
    ledger: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with endpoint(tmp_path, reply="yes", batch_s=0.1) as address:
        answers, asker = ask(address, questions(30), given(), "api", total=30)
        assert values(answers) == ["yes"] * 30
        assert "30 of 30" in (said := capsys.readouterr().err) and "from the ledger" not in said
        assert [u.row_id for u in asker.manifest] == [f"q{n}" for n in range(30)]
        again, second = ask(address, questions(40), given(), "api")
        assert "30 from the ledger" in capsys.readouterr().err
        online, _ = ask(address, questions(40), settings(8), "api")
        report = counted(address)
    assert (report["batches"], report["batch_lines"], report["files"]) == (2, 40, 0)
    assert values(online) == values(again) == ["yes"] * 40 and report["tries"] == 40
    assert list(second.manifest)[:30] == list(asker.manifest)
    assert (open_batches(ledger), list((ledger / "batches").glob("*.jsonl"))) == ([], [])


def test_a_file_is_cut_at_the_limits_on_lines_and_bytes(tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_max_requests=10) as address:
        assert all(a.ok for a in ask(address, questions(25), given(max_requests=10), "api")[0])
        assert counted(address)["batches"] == 3
        assert all(a.ok for a in ask(address, (question("long " * 200 + str(n)) for n in range(6)),
                                     given(max_bytes=3000), "api")[0])
        assert counted(address)["batches"] == 6


def test_the_same_question_twice_is_one_line(tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes") as address:
        answers, _ = ask(address, [question("same", row=f"r{n}") for n in range(5)], given(), "api")
        assert (values(answers), counted(address)["batch_lines"]) == (["yes"] * 5, 1)


def test_an_answer_that_is_lost_makes_no_second_batch(tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_fault="lost") as address:
        assert len(ask(address, questions(5), given(), "api")[0]) == 5
        assert counted(address)["batches"] == 1


def test_after_a_kill_the_batch_is_found_and_collected(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_s=2.0) as address:
        abandon_batch(address)
        answers, _ = ask(address, questions(20), given(), "api")
        report = counted(address)
    assert (values(answers), report["batches"], report["batch_lines"]) == (["yes"] * 20, 1, 20)


def test_a_batch_that_several_wait_for_is_collected_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when two workers of a queue run the same stage."""
    collected: list[str] = []

    def slowly(*arguments: Any) -> Any:
        collected.append("")
        time.sleep(0.2)  # meanwhile the others see that the batch has ended
        return collect(*arguments)

    monkeypatch.setattr(batches, "collect", slowly)
    with endpoint(tmp_path, reply="yes", batch_s=1.0) as address, ThreadPoolExecutor(3) as several:
        first = several.submit(ask, address, questions(20), given(), "api")
        wait_for(lambda: counted(address)["batches"] == 1)
        all_three = [first, *(several.submit(ask, address, questions(20), given(), "api") for _ in range(2))]
        assert [values(done.result()[0]) for done in all_three] == [["yes"] * 20] * 3
        report = counted(address)
    assert (len(collected), report["batches"], report["batch_lines"], report["files"]) == (1, 1, 20, 0)


def test_two_that_ask_at_once_buy_each_reply_once(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_s=1.0) as address:
        with (start(address, 20, 4, "--batch", "{}", worktree=tmp_path / "one") as first,
              start(address, 30, 4, "--batch", "{}", worktree=tmp_path / "two") as second):
            outputs = [process.communicate(timeout=60) for process in (first, second)]
        assert [out for out, _ in outputs] == ["20\n", "30\n"]
        assert counted(address)["batch_lines"] == 30
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM claims").fetchone() == (0,)


def test_a_run_without_batches_does_not_buy_what_a_batch_will_bring(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_s=2.0) as address:
        abandon_batch(address)
        line = told(ModelError, address, *questions(20), given=settings(8), name="api")
        assert line.startswith("api: 8 of the next requests are in a batch under way")
        assert "models.remote.api.batch" in line
        with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
            assert db.execute("SELECT count(*) FROM replies").fetchone() == (0,)
        answers, _ = ask(address, questions(25), given(), "api")
    assert values(answers) == ["yes"] * 25


def test_a_batch_of_another_stage_is_collected_by_who_needs_its_replies(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_s=2.0) as address:
        abandon_batch(address)
        with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
            db.execute("UPDATE batches SET stage = 'another'")
            db.commit()
        assert len(ask(address, questions(20), given(), "api")[0]) == 20
        assert counted(address)["batches"] == 1
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        assert db.execute("SELECT DISTINCT stage FROM replies").fetchall() == [("another",)]


def test_a_batch_of_another_stage_holds_up_nobody_who_asks_something_else(ledger: Path, tmp_path: Path) -> None:
    """Pool members of one model each have batches of a day: they must not wait for each other."""
    with endpoint(tmp_path, reply="yes", batch_s=2.0) as address:
        abandon_batch(address)
        with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
            db.execute("UPDATE batches SET stage = 'another'")
            db.commit()
        others = [question(f"other {n}") for n in range(5)]
        assert values(ask(address, others, given(), "api")[0]) == ["yes"] * 5
        assert len(open_batches(ledger)) == 1, "not collected, so not waited for"


def test_replies_beyond_max_tokens_raise_what_the_next_batch_reserves(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="word " * 3000) as address:
        ask(address, questions(3), given(PRICE, 1000.0), "api")
        with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
            ((spent,),) = db.execute("SELECT nano / 1e9 FROM spent")
            ((longest,),) = db.execute("SELECT tokens FROM overruns")
        assert longest > 1000
        told(BudgetError, address, *questions(9), given=given(PRICE, spent + longest / 3000), name="api")
        assert counted(address)["batch_lines"] == 3


def test_a_batch_that_was_made_and_never_heard_of_is_found_by_its_mark(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_s=2.0) as address:
        abandon_batch(address)
        with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
            db.execute("UPDATE batches SET batch_id = NULL")
            db.commit()
        assert len(ask(address, questions(20), given(), "api")[0]) == 20
        assert counted(address)["batches"] == 1


def test_a_batch_whose_requests_are_lost_here_is_collected_all_the_same(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_s=2.0) as address:
        abandon_batch(address)
        for file in (ledger / "batches").glob("*.jsonl"):
            file.unlink()
        answers, _ = ask(address, questions(20), given(), "api")
        assert (values(answers), counted(address)["batches"]) == (["yes"] * 20, 1)


def test_a_batch_written_down_and_never_made_is_made_once(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes") as address:
        ask(address, questions(1), given(), "api")
        with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
            db.execute("INSERT INTO batches VALUES ('gone', 'identity', 'trial', 'process:1:0', 1, NULL)")
            db.commit()
        assert len(ask(address, questions(5), given(), "api")[0]) == 5
        assert counted(address)["batches"] == 2
    assert open_batches(ledger) == []


def test_lines_that_expired_are_sent_again(tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_fault="expired") as address:
        answers, asker = ask(address, questions(20), given(), "api")
        report = counted(address)
    assert (values(answers), report["batches"], report["tries"]) == (["yes"] * 20, 2, 20)
    assert Counter(u.outcome for u in asker.manifest) == {"ok": 20}


@pytest.mark.parametrize(("kind", "failure"), [("400", "rejected"), ("500", "server_error"), ("429", "rate_limited")])
def test_lines_that_never_get_through_are_given_up_with_their_kind(
    ledger: Path, tmp_path: Path, kind: str, failure: str
) -> None:
    faults = [{"kind": kind, "share": 0.4, "times": None}]
    with endpoint(tmp_path, reply="yes", faults=faults) as address:
        answers, _ = ask(address, questions(30), given(), "api")
        tries = counted(address)["tries"]
    failed = [a for a in answers if not a.ok]
    assert 3 < len(failed) < 27 and {a.failure for a in failed} == {failure}
    assert tries == 30 if kind == "400" else tries > 30 + len(failed), "a request refused for good is sent once"
    assert open_batches(ledger) == [], "no batch is left behind that would be charged for"


def test_lines_that_fail_once_are_sent_again(tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", faults=[{"kind": "500", "share": 0.5, "times": 1}]) as address:
        assert values(ask(address, questions(30), given(), "api")[0]) == ["yes"] * 30


def test_json_of_another_shape_is_asked_for_once_more(tmp_path: Path) -> None:
    with endpoint(tmp_path, reply='{"letter": "B"}') as address:
        answers, asker = ask(address, [question("q", reply_type=Pick)], given(), "api")
        assert counted(address)["batches"] == 2
    assert [u.step for u in asker.manifest] == ["attempt-1", "attempt-1-again"] and answers[0].failure == "invalid"


def test_a_damaged_output_costs_only_the_lines_that_are_damaged(ledger: Path, tmp_path: Path) -> None:
    """Of five lines one is cut and asked for again, one has no usage; blank lines and one that is no JSON stand
    between. What nobody counted is booked at the most it can cost."""
    with endpoint(tmp_path, reply="yes", batch_fault="damaged") as address:
        assert values(ask(address, questions(5), given(PRICE), "api")[0]) == ["yes"] * 5
        report = counted(address)
    assert (report["batches"], report["batch_lines"]) == (2, 6)
    assert open_batches(ledger) == []
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        nano, uncertain = db.execute("SELECT nano, uncertain FROM spent").fetchone()
        prices = sorted(price for (price,) in db.execute("SELECT price_usd FROM replies"))
    assert nano / 1e9 == pytest.approx(sum(prices))
    assert prices[:4] == [pytest.approx(0.5 * 0.002)] * 4, "one word asked and one said, at half the price"
    assert prices[4] > 50 * prices[0], "a token for each byte sent, and the longest reply"
    assert uncertain / 1e9 == pytest.approx(2 * prices[4], rel=0.05), "the cut line, and the one that is no JSON"


def test_a_damaged_file_of_requests_is_brought_back(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_s=2.0) as address:
        abandon_batch(address)
        (file,) = (ledger / "batches").glob("*.jsonl")
        file.write_bytes(file.read_bytes()[:-100])
        answers, _ = ask(address, questions(20), given(), "api")
        assert (values(answers), counted(address)["batches"]) == (["yes"] * 20, 1)


def test_a_batch_that_is_not_begun_is_one_error(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes", batch_fault="failed") as address:
        line = told(ModelError, address, *questions(5), given=given(), name="api")
        assert "refused the batch (" in line and "models.remote.api.batch" in line
        assert values(ask(address, questions(5), given(), "api")[0]) == ["yes"] * 5
    assert open_batches(ledger) == []


def test_the_budget_lets_in_as_many_lines_as_it_can_pay_for(ledger: Path, tmp_path: Path) -> None:
    with endpoint(tmp_path, reply="yes") as address:
        line = told(BudgetError, address, *questions(30), given=given(PRICE, 0.16), name="api")
        first = counted(address)["batch_lines"]
        assert 1 <= first < 30 and "budget_usd.total: is used up" in line
        answers, _ = ask(address, questions(30), given(PRICE, 100.0), "api")
        assert (len(answers), counted(address)["batch_lines"]) == (30, 30)
    with closing(sqlite3.connect(ledger / "ledger.sqlite")) as db:
        (nano, uncertain), (price,) = (db.execute("SELECT nano, uncertain FROM spent").fetchone(),
                                       db.execute("SELECT sum(price_usd) FROM replies").fetchone())
        assert db.execute("SELECT coalesce(sum(nano), 0) FROM reserved").fetchone() == (0,)
    assert (nano / 1e9, uncertain) == (pytest.approx(price), 0)
    assert price == pytest.approx(30 * 0.5 * 0.002), "one prompt and one completion token, at half the price"


def test_the_api_is_retried_as_params_say() -> None:
    calls = []

    class Down(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            calls.append(self.path)
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Down) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v1"
        api = BatchApi(Target("api", (address,), Dialect("m"), retries=Retries(tries=3, backoff_s=0.001)))
        with closing(api), pytest.raises(ModelError, match="answered HTTP 500"):
            api.find("uid")
        server.shutdown()
    assert [call.split("?")[0] for call in calls] == ["/v1/batches"] * 3


def test_a_refused_key_is_one_error_without_the_key(tmp_path: Path) -> None:
    with endpoint(tmp_path, **always("500")) as address:
        line = told(ModelError, address.replace("/v1", "/nothing"), *questions(2), given=given(), name="api")
    assert "(HTTP 404: " in line and json.dumps(line).count("\\n") == 0
