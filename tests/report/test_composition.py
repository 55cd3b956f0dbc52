"""Table 1 beside the paper's."""

from statistics import mean

from world import World

from ultramed.gates.store import Store
from ultramed.report import paper
from ultramed.report.composition import composition


def test_the_papers_retained_counts_sum_to_its_total() -> None:
    assert sum(row.retained for row in paper.TABLE.values()) == paper.TOTAL[2] == 409_593


def test_our_columns_are_counted_from_the_artifacts(world: World) -> None:
    table = composition(Store(world.params, world.base)).blocks[0]
    row = next(list(r) for r in table.rows if r[2] == "MedQA")  # type: ignore[union-attr]
    scored = [r for r in world.rows["screened", "", "rows"] if r.source == "medqa"]
    scores = {s.id: s.score for s in world.rows["scored", "", "rows"]}
    retained = sum(r.source == "medqa" for r in world.rows["curated", "", "rows"])
    assert row[3:8] == [
        str(len(world.rows["collected", "medqa", "rows"])), f"{mean(len(r.prompt.split()) for r in scored):.1f}",
        f"{mean(scores[r.id] for r in scored):.2f}", str(retained), f"{retained / 8:.0%}"]
    assert row[8:] == ["10.2K", "128.9", "7.35", "9,343"]


def test_sums_and_pairs_end_the_table(world: World) -> None:
    table = composition(Store(world.params, world.base)).blocks[0]
    total, pairs = (list(r) for r in table.rows[-2:])  # type: ignore[union-attr]
    assert total[2] == "Instructions" and total[6] == str(len(world.rows["curated", "", "rows"]))
    every, selected = (len(world.rows["paired", "", table]) for table in ("rows", "selected"))
    assert (pairs[3], pairs[6]) == (str(every), str(selected))
    assert (total[11], pairs[8], pairs[11]) == ("409,593", "1.8M", "100K")
