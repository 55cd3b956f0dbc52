"""Figures of written items: kept rates by method, verification by difficulty, letters, answers, pass rates."""

from dataclasses import replace

from world import World

from ultramed.gates.store import Store
from ultramed.records import Draft, drop
from ultramed.report.blocks import Section, Table
from ultramed.report.synthesis import answers, drafts


def tables(section: Section) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)]


def test_drafts_are_counted_by_set_round_and_method(world: World) -> None:
    dropped = [("MedQA-Evol,x1", "nothing_new"), ("MedQA-Evol,x2", "key_unverified"), ("MedQA-Evol,x3", "empty")]
    world.rows["evolved", "medqa", "verdicts"] += [drop(i, "evolve", code, "why") for i, code in dropped]
    world.rows["evolved", "medqa", "drafts"] += [
        Draft(i, "MedQA,0", 1, "specific", 1, 3, 4 * (code == "key_unverified"), 1, 3, None) for i, code in dropped]
    world.write("evolved")
    rows = {(r[0], r[1], r[2]): list(r[3:9]) for r in tables(drafts(Store(world.params, world.base)))[0].rows}
    assert rows["medqa", "1", "specific"] == ["3", "0", "0%", "1", "1", "1"]
    kept = [d for d in world.rows["evolved", "medqa", "drafts"] if d.method == "steps"]
    assert rows["medqa", "1", "steps"] == [str(len(kept)), str(len(kept)), "100%", "0", "0", "0"]
    written = str(len(world.rows["synthetic", "textbook", "drafts"]))
    assert rows["textbook", "0", "written"][:3] == [written, written, "100%"]


def test_a_verifier_that_drops_the_hard_ones_is_seen(world: World) -> None:
    """Items evolved from parents that score above 8 lose, all others stay."""
    scores = {s.id: s.score for s in world.rows["scored", "", "rows"]}
    found = world.rows["evolved", "medqa", "drafts"]
    hard = {d.id for d in found if scores[d.parent] >= 8}
    assert 0 < len(hard) < len(found)
    world.rows["evolved", "medqa", "verdicts"] = [
        drop(v.id, "evolve", "key_unverified", "why") if v.id in hard else v
        for v in world.rows["evolved", "medqa", "verdicts"]]
    world.rows["evolved", "textbook", "drafts"] = []
    world.write("evolved")
    bands = {r[0]: (r[1], r[2]) for r in tables(drafts(Store(world.params, world.base)))[1].rows}
    assert bands.pop("8 to 10") == (str(len(hard)), str(len(hard)))
    assert all(dropped == "0" for _, dropped in bands.values()) and bands


def test_letters_answers_and_pass_rates_are_shares(world: World) -> None:
    completed = world.rows["completed", "", "rows"]
    keyed = {r.id: r for r in world.rows["curated", "", "rows"] if r.key}
    world.rows["completed", "", "rows"] = [
        replace(c, pass_rate=0.25 if keyed[c.instruction_id].source == "medqa" else 1.0)
        if c.instruction_id in keyed else c for c in completed]
    world.write("completed")
    letters, literature, rates = tables(answers(Store(world.params, world.base)))
    shown = {r[0]: r for r in letters.rows}
    own = [r.key for r in keyed.values() if r.source == "medqa"]
    assert shown["MedQA"][2:4] == [str(len(own)), f"{own.count('A') / len(own):.0%}"]
    assert shown["MedQA"][1] == "" and shown["TextBookQA"][1] == "★"
    assert [r[0] for r in literature.rows] == ["PubMedQA"]
    by_source = {r[0]: r[2:] for r in rates.rows}
    assert by_source["MedQA"] == ["0.25", "100%", "0%"] and by_source["MedMCQA"] == ["1.00", "0%", "100%"]
