"""What is ordered and cannot be had is said before anything runs, with what is missing and why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plan_world import changed, lock

from ultramed import params, tables
from ultramed.params import Params
from ultramed.planning.assumptions import load
from ultramed.planning.built import Built
from ultramed.planning.flow import Flow
from ultramed.planning.orders import Order, orders
from ultramed.records import Verdict, drop, keep

Ordered = Callable[..., dict[str, Order]]


@pytest.fixture
def ordered(world: Path) -> Ordered:
    def made(settings: Params | None = None, **sections: dict[str, Any]) -> dict[str, Order]:
        settings = changed(settings or params.load(), **sections)
        return {o.place: o for o in orders(settings, Flow(settings, load(), Built(settings)))}
    return made


def unbuilt() -> None:
    """Nothing is built."""
    lock({})


def test_a_source_that_has_too_few_rows_says_by_how_much(ordered: Ordered) -> None:
    unbuilt()
    found = ordered(curate={"keep": {"medqa": 500, "medquad": 5}, "min_score": dict(params.load().curate.min_score)
                            | {"medqa": 1.0, "medquad": 1.0}})
    medqa, medquad = found["curate.keep.medqa"], found["curate.keep.medquad"]
    assert medqa.have.expected == 34 and medqa.short == 466  # the sample has 36 rows, of which 0.93 pass the screen
    assert medqa.why == "of 36 rows: duplicates, leaks, dirt, identifiers"
    assert medquad.short == 0


def test_rights_are_named_where_they_are_the_reason(ordered: Ordered) -> None:
    unbuilt()
    settings = params.load()
    api = params.RemoteModel.model_validate({
        "base_url": "https://x.example/v1", "model": "m", "revision": "1", "provider": "p", "rights": "open",
        "price": {"prompt": 0.0, "completion": 0.0}})
    remote = settings.model_copy(update={
        "models": settings.models.model_copy(update={"remote": {"api": api}}),
        "judge": settings.judge.model_copy(update={"model": "api"})})
    found = ordered(remote, curate={"keep": {"chatdoctor": 10}},
                    mix={"preferences": {"ultramix": {"ultrafeedback": 12, "ultrainteract": 5}}})
    assert found["curate.keep.chatdoctor"].short == 10
    assert found["curate.keep.chatdoctor"].why.startswith("rights: chatdoctor is quarantine")
    general = found["mix.preferences.ultramix.ultrafeedback"]
    assert (general.short, general.why) == (12, "rights: ultrafeedback is quarantine, and mix.allows lacks it")
    assert found["mix.preferences.ultramix.ultrainteract"].short == 0


def test_written_rows_are_those_written_and_evolved(ordered: Ordered) -> None:
    unbuilt()
    found = ordered(curate={"keep": {"textbookqa": 90, "medqa_evol": 2}})
    assert found["curate.keep.textbookqa"].short > 0 == found["curate.keep.medqa_evol"].short
    assert "solvers do not find" in found["curate.keep.textbookqa"].why


def test_what_is_built_is_counted(ordered: Ordered, world: Path) -> None:
    rows = [keep("MedQA,1", "curate"), keep("MedQA,2", "curate"), drop("MedQA,3", "curate", "surplus", "place 3"),
            drop("MedQA,4", "curate", "near_duplicate", "of MedQA,1"), keep("MedQuad,1", "curate")]
    tables.write(Path("data/curated"), "verdicts", Verdict, rows)
    order = ordered(curate={"keep": {"medqa": 5}})["curate.keep.medqa"]
    assert (order.have.low, order.have.high, order.short, order.why) == (3, 3, 2, "curate: near_duplicate")


def test_curated_rows_are_no_more_than_ordered(world: Path) -> None:
    unbuilt()
    least = {name: 1.0 for name in params.load().curate.min_score}
    few = changed(params.load(), curate={"keep": dict.fromkeys(least, 3), "min_score": least})
    assert Flow(few, load(), Built(few)).rows("curate").expected <= 3 * len(least)


def test_no_order_no_line(ordered: Ordered) -> None:
    assert ordered() == {}
