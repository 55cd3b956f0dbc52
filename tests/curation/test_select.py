"""Thresholds with both numbers, then leaks and duplicates over public and synthetic rows together."""

import pytest
from curation_rows import benchmark, row, settings

from ultramed.curation.select import select
from ultramed.errors import ParamsError
from ultramed.params import Params
from ultramed.records import Instruction, Message, Score

WORDS = " ".join(f"{a}{b}ine" for a in "bcdfgh" for b in "aeiou")  # 30 words
CHILD = WORDS.replace("caine", "xoine")  # one word changed: 3 of 28 shingles, 25 / 31 = 0.81


def with_thresholds(**thresholds: float) -> Params:
    params = settings()
    return params.model_copy(update={"curate": params.curate.model_copy(update={"min_score": thresholds})})


def scored(**scores: float) -> list[Score]:
    return [Score(i, s, "logprob", "", "key") for i, s in scores.items()]


def test_thresholds_are_the_sources_own_and_reasons_tell_both_numbers() -> None:
    rows = [
        row("a", "What is gout?"),
        row("b", "What is mumps?"),
        row("c", "What is rabies?", source="medmcqa"),
        row("d", "What is flu?"),
    ]
    result = select(rows, scored(a=7.0, b=6.99, c=6.99), [], with_thresholds(medqa=7.0, medmcqa=5.0))
    assert [i.id for i in result.rows] == ["a", "c"]
    assert [(v.id, v.outcome, v.code) for v in result.verdicts] == [
        ("a", "kept", "kept"), ("b", "dropped", "low_score"), ("c", "kept", "kept"), ("d", "quarantined", "no_score"),
    ]
    assert result.verdicts[1].reason == "score 6.99; curate.min_score.medqa is 7"
    assert {v.stage for v in result.verdicts} == {"curate"}


def test_sources_without_threshold_are_named() -> None:
    rows = [
        row("a", "What is gout?", source="wikiinstruct"),
        row("b", "What is flu?", source="textbookqa"),
        row("c", "Flu?"),
    ]
    with pytest.raises(ParamsError, match="has no threshold for textbookqa, wikiinstruct; every source"):
        select(rows, scored(a=9, b=9, c=9), [], with_thresholds(medqa=7.0))


def test_synthetic_rows_are_screened_for_leaks() -> None:
    asked = "Which intrinsic laryngeal muscle abducts the vocal folds?"
    rows = [row("e", asked, source="medqa_evol", parent="a", family="a", round_=1)]
    [verdict] = select(rows, scored(e=9), [benchmark(1, asked)], with_thresholds(medqa_evol=1.0)).verdicts
    assert (verdict.outcome, verdict.code) == ("dropped", "leak")


def family(child: str) -> list[Instruction]:
    """A child, listed before its parent."""
    return [row("e", child, source="medqa_evol", parent="a", family="a", round_=1), row("a", WORDS)]


@pytest.mark.parametrize(("child", "code"), [
    (CHILD, "near_duplicate"), (WORDS, "exact_duplicate"), (WORDS + " " + WORDS.replace("ine", "ol"), "kept"),
])
def test_a_child_falls_to_its_parent_only_as_a_duplicate(child: str, code: str) -> None:
    result = select(family(child), scored(a=9, e=9), [], with_thresholds(medqa=1.0, medqa_evol=1.0))
    assert {v.id: v.code for v in result.verdicts} == {"e": code, "a": "kept"}


def test_a_parent_below_the_threshold_takes_no_child_with_it() -> None:
    result = select(family(CHILD), scored(a=2, e=9), [], with_thresholds(medqa=7.0, medqa_evol=7.0))
    assert {v.id: v.code for v in result.verdicts} == {"e": "kept", "a": "low_score"}


def test_rows_keep_their_turns() -> None:
    history = [Message("user", "I have gout."), Message("assistant", "Since when?")]
    kept = row("a", "For two years now.", history=history)
    assert select([kept], scored(a=9), [], with_thresholds(medqa=1.0)).rows == [kept]
