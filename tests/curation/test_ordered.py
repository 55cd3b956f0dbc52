"""Orders are met to the row, by score, then by hash; one answer does not crowd out the others; topics take turns."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from oracle_endpoint import asked, exam, settings

from ultramed.curation.composition import by_meaning, ordered
from ultramed.curation.select import select
from ultramed.records import Instruction, Score
from ultramed.report import paper

YESNO = ["yes", "no", "maybe"]


def opened(count: int, source: str = "medquad") -> list[Instruction]:
    return [asked(f"{source},{n}", f"What is disease {n}?", source=source) for n in range(count)]


def kept(rows: list[Instruction], scores: dict[str, float], cluster: Any = None, handed: int | None = None,
         **curate: Any) -> list[str]:
    sizes = Counter(i.source for i in rows) if handed is None else dict.fromkeys({i.source for i in rows}, handed)
    given = settings(**{f"curate__{name}": value for name, value in curate.items()})
    gone = ordered(rows, scores, sizes, given, cluster)
    assert all(v.outcome == "dropped" and v.code in ("surplus", "surplus_answer") for v in gone.values())
    return [i.id for i in rows if i.id not in gone]


def test_the_best_scores_stay() -> None:
    rows = opened(10)
    scores = {i.id: float(n) for n, i in enumerate(rows)}
    assert kept(rows, scores, keep={"medquad": 3}) == ["medquad,7", "medquad,8", "medquad,9"]
    assert kept(rows, scores, keep={"medquad": 0.3}, handed=20) == [f"medquad,{n}" for n in range(4, 10)]
    assert kept(rows, scores, keep={"medqa": 1}) == [i.id for i in rows], "no order, no limit"
    assert kept(rows, scores, keep={"medquad": 0}) == []


def test_equal_scores_are_chosen_by_hash_and_a_larger_order_keeps_what_a_smaller_one_took() -> None:
    rows = opened(200)
    scores = dict.fromkeys((i.id for i in rows), 5.0)
    small, large = (set(kept(rows, scores, keep={"medquad": n})) for n in (20, 60))
    assert small < large and small != {f"medquad,{n}" for n in range(20)}
    shuffled = rows[:]
    Random(3).shuffle(shuffled)
    assert set(kept(shuffled, scores, keep={"medquad": 20})) == small


@pytest.mark.parametrize(("limit", "yes_left"), [(0.85, 340), (0.6, 90), (0.5, 60), (1.0, 940)])
def test_one_answer_takes_no_more_than_its_share(limit: float, yes_left: int) -> None:
    """As in PubMedQA's artificial part: 94 % yes."""
    rows = [exam(f"PubMedQA,{n}", f"Does drug {n} help?", YESNO, "A" if n % 50 else "B", source="pubmedqa")
            for n in range(960)]
    rows += [exam(f"PubMedQA,{n}", f"Does drug {n} help?", YESNO, "C", source="pubmedqa") for n in range(960, 1000)]
    scores = {i.id: float(n % 10) for n, i in enumerate(rows)}
    found = [i for i in rows if i.id in set(kept(rows, scores, answer_share={"pubmedqa": limit}))]
    tally = Counter(i.key for i in found)
    assert (tally["A"], tally["B"], tally["C"]) == (yes_left, 20, 40) and tally["A"] / len(found) <= limit + 1e-9
    gone = [scores[i.id] for i in rows if i not in found and i.key == "A"]
    assert not gone or max(gone) <= min(scores[i.id] for i in found if i.key == "A"), "the worst scores go"


def test_a_limit_to_one_answer_holds_among_the_rows_that_are_ordered() -> None:
    """The yes rows have the best scores: by score alone, all that stay would be yes."""
    rows = [exam(f"PubMedQA,{n}", f"Does drug {n} help?", YESNO, "AAAAAAABBC"[n % 10], source="pubmedqa")
            for n in range(1000)]
    scores = {i.id: 9.0 if i.key == "A" else 5.0 for i in rows}
    found = [i for i in rows if i.id in set(kept(rows, scores, answer_share={"pubmedqa": 0.8}, keep={"pubmedqa": 100}))]
    assert Counter(i.key for i in found)["A"] == 80 and len(found) == 100


def test_every_answer_is_limited_not_the_commonest_alone() -> None:
    rows = [exam(f"PubMedQA,{n}", f"Does drug {n} help?", YESNO, "A" * 50 + "B" * 45 + "C" * 5, source="pubmedqa")
            for n in range(100)]
    rows = [exam(i.id, i.question, YESNO, (i.key or "")[n], source="pubmedqa") for n, i in enumerate(rows)]
    found = [i for i in rows if i.id in set(kept(rows, dict.fromkeys((i.id for i in rows), 5.0),
                                                 answer_share={"pubmedqa": 0.45}))]
    tally = Counter(i.key for i in found)
    assert max(tally.values()) <= 0.45 * len(found) and tally["C"] == 5


def test_topics_take_turns() -> None:
    rows = opened(40)
    scores = {i.id: 9.0 if n < 30 else 5.0 for n, i in enumerate(rows)}

    def of_two(own: Sequence[Instruction], count: int, seed: int) -> list[int]:
        assert count == 2
        return [int(scores[i.id] < 9) for i in own]

    found = Counter(scores[i] for i in kept(rows, scores, of_two, keep={"medquad": 10}, topics=2))
    assert found == {9.0: 5, 5.0: 5}
    assert Counter(scores[i] for i in kept(rows, scores, of_two, keep={"medquad": 10})) == {9.0: 10}


def test_topics_are_meanings(encoder_here: None) -> None:
    heart = [asked(f"a,{n}", f"How does a heart attack damage the myocardium, coronary case {n}?") for n in range(12)]
    skin = [asked(f"b,{n}", f"Which cream treats eczema and itching skin, case {n}?") for n in range(12)]
    topics = by_meaning([*heart, *skin], 2, 5)
    assert len(set(topics[:12])) == len(set(topics[12:])) == 1 and topics[0] != topics[-1]


def test_the_orders_of_table_1_are_met_at_a_tenth_of_the_size() -> None:
    """Scores in ten steps, so that most orders end inside a step."""
    given = {"medqa": 1018, "medmcqa": 18_282, "medqa_evol": 5_500, "textbookqa": 9_800, "pubmedqa": 21_127,
             "chatdoctor": 11_217, "medquad": 1_642, "medinstruct_52k": 5_200, "medical_instruction_120k": 10_700,
             "wikiinstruct": 2_400}
    chance, rows = Random(1), []
    for source, count in given.items():
        rows += [asked(f"{source},{n}", f"{source} asks {n} {chance.random()}?", source=source) for n in range(count)]
    scores = {i.id: float(chance.randint(1, 10)) for i in rows}
    orders = {source: round(row.retained / 10) for source, row in paper.TABLE.items()}
    found = Counter(i.partition(",")[0] for i in kept(rows, scores, keep=orders))
    assert all(abs(found[source] - wanted) <= 0.01 * wanted for source, wanted in orders.items()), found
    assert sum(found.values()) == pytest.approx(paper.TOTAL[2] / 10, rel=0.01)


def test_selection_orders_after_thresholds_and_duplicates() -> None:
    rows = [asked(f"medquad,{n}", f"Which {'abcdefghij'[n] * 3}itis hurts at night and why so much?", source="medquad")
            for n in range(8)]
    rows.append(asked("medquad,8", rows[7].question.upper(), source="medquad"))
    scores = [Score(i.id, 3.8 if n < 2 else 5.0 + n / 10, "logprob", "", "k") for n, i in enumerate(rows)]
    found = select(rows, scores, [], settings(curate__keep={"medquad": 4}, curate__min_score=dict(
        settings().curate.min_score) | {"medquad": 4.0}))
    assert [i.id for i in found.rows] == [f"medquad,{n}" for n in range(4, 8)]
    assert Counter(v.code for v in found.verdicts) == {
        "kept": 4, "low_score": 2, "exact_duplicate": 1, "surplus": 2}
    assert next(v.reason for v in found.verdicts if v.code == "surplus").endswith("curate.keep.medquad is 4")
