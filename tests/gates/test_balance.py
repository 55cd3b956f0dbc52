"""Reconciliation detects every way rows can go missing or appear from nowhere."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from world import World

from ultramed.artifacts import ARTIFACTS, SCREENED, Artifact
from ultramed.gates.balance import BALANCED, balance, codes
from ultramed.gates.gate import judge
from ultramed.gates.store import Store
from ultramed.records import drop, keep

VERDICTS, ROWS = ("screened", "", "verdicts"), ("screened", "", "rows")


def sums(world: World, artifact: str) -> dict[str, dict[str, int]]:
    store = Store(world.params, world.base)
    return {row.pop("id"): row for row in store.rows(balance(store, ARTIFACTS[artifact]))}


def outcome(verdicts: list[Any], value: str) -> int:
    return next(n for n, v in enumerate(verdicts) if v.outcome == value)


def lose(world: World) -> None:
    world.rows[VERDICTS].pop(outcome(world.rows[VERDICTS], "dropped"))


def invent(world: World) -> None:
    world.rows[VERDICTS].append(drop("MedQA,nobody", "screen", "leak", "13 words"))


def repeat(world: World) -> None:
    world.rows[VERDICTS].append(world.rows[VERDICTS][0])


def lose_row(world: World) -> None:
    world.rows[ROWS].pop()


def smuggle(world: World) -> None:
    at = outcome(world.rows[VERDICTS], "kept")
    world.rows[VERDICTS][at] = replace(world.rows[VERDICTS][at], outcome="dropped", code="leak", reason="13 words")


def hesitate(world: World) -> None:
    at = outcome(world.rows[VERDICTS], "dropped")
    world.rows[VERDICTS][at] = replace(world.rows[VERDICTS][at], outcome="perhaps")


def say_nothing(world: World) -> None:
    at = outcome(world.rows[VERDICTS], "dropped")
    world.rows[VERDICTS][at] = replace(world.rows[VERDICTS][at], reason=" ")


@pytest.mark.parametrize(("fault", "column", "unaccounted"), [
    (lose, "without_verdict", 1), (invent, "never_handed", -1), (repeat, "judged_twice", -1),
    (lose_row, "kept_without_row", 0), (smuggle, "row_without_kept", 0), (hesitate, "unknown_outcome", 1),
    (say_nothing, "unexplained", 0),
])
def test_each_fault_shows_in_its_column(
    world: World, fault: Callable[[World], None], column: str, unaccounted: int
) -> None:
    fault(world)
    world.write("screened")
    found = sums(world, "screened")[""]
    assert found[column] == 1 and found["unaccounted"] == unaccounted
    assert column in BALANCED


def test_the_gate_names_the_part_that_does_not_add_up(world: World) -> None:
    world.rows["candidates", "brief", "rows"].pop()
    world.write("candidates")
    failures = judge("candidates", world.params, world.base).failures
    assert failures == ["balance: every row that was kept is there: expected 0 rows otherwise, observed 1 in brief"]


@pytest.mark.parametrize("artifact", [a for a in ARTIFACTS.values() if a.handed], ids=str)
def test_a_row_more_in_what_was_handed_over_is_missed(world: World, artifact: Artifact) -> None:
    before = sums(world, artifact.name)[""]
    handed = artifact.handed[0].name, next(iter(artifact.handed[0].parts(world.params)))
    rows = world.rows[(*handed, "rows")]
    rows.append(replace(rows[0], **({"instruction_id": "MedQA,new"} if hasattr(rows[0], "instruction_id")
                                    else {"id": "MedQA,new"})))
    world.write(handed[0])
    after = sums(world, artifact.name)[""]
    assert after["handed"] == before["handed"] + 1
    assert after["without_verdict"] == after["unaccounted"] == 1


def test_an_empty_part_is_counted_as_nothing(world: World) -> None:
    world.rows["candidates", "source", "rows"], world.rows["candidates", "source", "verdicts"] = [], []
    world.write("candidates")
    assert set(sums(world, "candidates")["source"].values()) == {0}


def test_codes_are_counted_by_outcome(world: World) -> None:
    world.rows[VERDICTS][:] = [keep("MedQA,0", "screen"), *(drop(f"MedQA,{n}", "screen", "leak", "x") for n in (1, 2))]
    world.write("screened")
    store = Store(world.params, world.base)
    assert store.rows(codes(store, SCREENED)) == [
        {"outcome": "dropped", "code": "leak", "n": 2}, {"outcome": "kept", "code": "kept", "n": 1}]


def test_parts_come_from_params_not_from_the_folder(world: World) -> None:
    """A member taken out of the pool leaves its folder behind, which is not counted."""
    pool = {name: member for name, member in world.params.candidates.pool.items() if name != "brief"}
    world.params = world.params.model_copy(
        update={"candidates": world.params.candidates.model_copy(update={"pool": pool})})
    assert set(sums(world, "candidates")) == {"careful", "creative", "source"}
