"""Planted judge biases, read back from the report."""

from dataclasses import replace

from world import World

from ultramed.gates.store import Store
from ultramed.report.blocks import Figure
from ultramed.report.judging import judging


def readings(world: World) -> dict[str, str]:
    blocks = judging(Store(world.params, world.base)).blocks
    return {b.reading.split(":")[0]: b.reading for b in blocks if isinstance(b, Figure)}


def test_a_judge_that_ranks_by_position_is_found_out(world: World) -> None:
    rows = world.rows["judged", "", "rows"]
    world.rows["judged", "", "rows"] = [replace(f, rank=f.shown) for f in rows]
    world.write("judged")
    widest = max(f.shown for f in rows)  # mean rank of position n is n
    reading = readings(world)["Position bias"]
    assert f"differ by {widest - 1:.2f}" in reading and "WARNING: this judge ranks by position" in reading
    assert "shown earlier ranks higher in 100% of" in reading


def test_a_judge_without_a_bias_for_positions_gets_no_warning(world: World) -> None:
    reading = readings(world)["Position bias"]
    assert "shown earlier ranks higher in" in reading and "WARNING" not in reading


def test_a_judge_that_ranks_by_length_is_found_out(world: World) -> None:
    length = {c.id: len(c.text) for m in world.params.candidates.authors for c in world.rows["candidates", m, "rows"]}
    rows = world.rows["judged", "", "rows"]
    order = {f.candidate_id: 1 + sum(length[o.candidate_id] > length[f.candidate_id] for o in rows
                                     if o.instruction_id == f.instruction_id) for f in rows}
    world.rows["judged", "", "rows"] = [replace(f, rank=order[f.candidate_id], score=3) for f in rows]
    world.write("judged")
    reading = readings(world)["Length bias"]
    assert "longer one ranks higher in 100% of" in reading
    assert "correlation of length and score cannot be told" in reading  # one score for all
