"""Pairs from feedback, with the arithmetic spelt out."""

from collections import Counter
from dataclasses import replace
from itertools import permutations
from random import Random
from typing import get_args

import pytest
from oracle_endpoint import settings

from ultramed.annotation.pairs import Label, all_pairs, criteria, limited, select, verdict
from ultramed.gates.suites.paired import LABELS
from ultramed.records import Completion, Feedback, Pair

Judged = tuple[str, int, int, int]  # author, rank, score, length of the text


def world(*judged: Judged) -> tuple[list[Feedback], dict[str, Completion]]:
    """Feedback and candidates of one instruction; texts of equal length differ by their author."""
    answers = {f"q@{a}": Completion(f"q@{a}", "q", a, "", a * length, None, 1, None) for a, _, _, length in judged}
    return [Feedback(f"q@{a}", "q", score, "", rank, 1, "judge", "k") for a, rank, score, _ in judged], answers


def paired(*judged: Judged) -> list[Pair]:
    return list(all_pairs(*world(*judged), "dev", None, settings().pair))


def labels(*judged: Judged, **changes: object) -> dict[str, str]:
    rules = {"pair__easy": 2, "pair__hard": 1, "pair__length": 0.8, "pair__per_prompt": 3} | changes
    _, answers = world(*judged)
    return {p.label_type: p.id for p in select(paired(*judged), answers, settings(**rules))}


def test_n_candidates_without_contradiction_make_n_times_n_minus_1_by_2_pairs() -> None:
    for n in range(2, 9):
        found = paired(*((chr(97 + r), r, max(1, 6 - r), 40) for r in range(1, n + 1)))
        assert len(found) == n * (n - 1) // 2 == len({p.id for p in found})
        assert all(p.chosen_rank < p.rejected_rank for p in found)
        assert all(p.margin == p.chosen_score - p.rejected_score >= 0 for p in found)


def test_candidates_that_said_the_same_make_one_pair_of_those_texts() -> None:
    feedback, answers = world(("a", 1, 5, 40), ("b", 2, 4, 40), ("c", 3, 3, 40))
    answers["q@c"] = replace(answers["q@c"], text=answers["q@b"].text + "\n")
    assert [p.id for p in all_pairs(feedback, answers, "dev", None, settings().pair)] == ["q#a>b"]


def test_a_pair_carries_both_sides() -> None:
    assert paired(("a", 1, 5, 40), ("b", 2, 3, 40)) == [
        Pair("q#a>b", "q", "q@a", "q@b", 5, 3, 1, 2, 2, "", "dev")]


def test_pairs_whose_scores_contradict_the_ranks_are_left_out() -> None:
    # ranks a b c d with scores 4 5 4 2: of 6 pairs only a>b (4 < 5) contradicts
    found = [p.id for p in paired(("a", 1, 4, 40), ("b", 2, 5, 40), ("c", 3, 4, 40), ("d", 4, 2, 40))]
    assert found == ["q#a>c", "q#a>d", "q#b>c", "q#b>d", "q#c>d"]


def keyed(given: str, **rules: bool) -> list[str]:
    """Pairs of the answers a, b, c, ranked in this order, which chose the letters `given`; the key is B, "-" none."""
    feedback, answers = world(*((author, rank, 5, 40) for rank, author in enumerate("abc", 1)))
    answers = {i: replace(c, extracted=letter if letter != "-" else None)
               for (i, c), letter in zip(answers.items(), given, strict=True)}
    allowed = settings(pair__chosen_misses_key=rules.get("misses", False)).pair
    return [p.id.removeprefix("q#") for p in all_pairs(feedback, answers, "train", "B", allowed)]


@pytest.mark.parametrize(("given", "strict", "lenient"), [
    ("BBB", ["a>b", "a>c", "b>c"], ["a>b", "a>c", "b>c"]),
    ("BAC", ["a>b", "a>c"], ["a>b", "a>c", "b>c"]),
    ("ABC", ["b>c"], ["a>c", "b>c"]),  # never a over b, whatever the judge says
    ("ACB", [], ["a>b"]),
    ("ACD", [], ["a>b", "a>c", "b>c"]),
    ("-BA", ["b>c"], ["a>c", "b>c"]),  # an answer without a letter does not have the key
])
def test_an_answer_that_misses_the_key_is_not_chosen_over_one_that_has_it(
    given: str, strict: list[str], lenient: list[str]
) -> None:
    assert (keyed(given), keyed(given, misses=True)) == (strict, lenient)


def test_equal_scores_make_no_hard_pair() -> None:
    assert labels(("a", 1, 5, 40), ("b", 2, 5, 40)) == {}
    assert labels(("a", 1, 5, 40), ("b", 2, 5, 40), ("c", 3, 4, 40)) == {"hard": "q#a>c"}


def test_equal_texts_are_never_a_pair() -> None:
    feedback, answers = world(("a", 1, 5, 40), ("b", 2, 4, 40), ("c", 3, 3, 40))
    same = {**answers, "q@b": Completion("q@b", "q", "b", "", f"{answers['q@a'].text}\n", None, 1, None)}
    assert [p.id for p in all_pairs(feedback, same, "train", None, settings().pair)] == ["q#a>c"]


def test_labels_by_margin() -> None:
    # easy: a−c = 2 or a−d = 3, never a−b = 1; hard: a−b = 1, the next one below the best
    given = (("a", 1, 5, 40), ("b", 2, 4, 40), ("c", 3, 3, 40), ("d", 4, 2, 40))
    found = labels(*given)
    assert set(found) == {"easy", "hard"}
    assert found["hard"] == "q#a>b" and found["easy"] in ("q#a>c", "q#a>d")
    assert labels(*given, pair__easy=3)["easy"] == "q#a>d"
    assert labels(*given, pair__easy=4) == {"hard": "q#a>b"}
    assert "hard" not in labels(*given, pair__hard=0)


def test_the_rejected_side_of_an_easy_pair_is_drawn_among_all_that_qualify() -> None:
    given = (("a", 1, 5, 40), ("b", 2, 3, 40), ("c", 3, 2, 40), ("d", 4, 1, 40))
    drawn = {labels(*given, seed=seed)["easy"] for seed in range(40)}
    assert drawn == {"q#a>b", "q#a>c", "q#a>d"}
    assert labels(*given, seed=7) == labels(*given, seed=7)


def test_length_label_asks_for_a_better_answer_that_is_clearly_shorter() -> None:
    # easy or hard would need another margin; 31 < 0.8 · 40 = 32 is short enough, 32 is not
    rules = {"pair__easy": 4, "pair__hard": 0}
    assert labels(("a", 1, 5, 31), ("b", 2, 3, 40), **rules) == {"length": "q#a>b"}
    assert labels(("a", 1, 5, 32), ("b", 2, 3, 40), **rules) == {}
    # the best-ranked candidate that qualifies, not the best one: a is the longest
    assert labels(("a", 1, 5, 90), ("b", 2, 4, 30), ("c", 3, 2, 80), **rules) == {"length": "q#b>c"}


@pytest.mark.parametrize("per_prompt", [1, 2, 3])
def test_no_pair_twice_and_never_more_than_allowed(per_prompt: int) -> None:
    chance = Random(per_prompt)
    for order in list(permutations((5, 4, 3, 2)))[::2]:
        given = [(a, r, s, chance.randint(5, 60)) for r, (a, s) in enumerate(zip("abcd", order, strict=True), 1)]
        feedback, answers = world(*given)
        found = select(list(all_pairs(feedback, answers, "train", None, settings().pair)), answers,
                       settings(pair__easy=1, pair__hard=4, pair__length=1.0, pair__per_prompt=per_prompt))
        assert len({p.id for p in found}) == len(found) <= per_prompt
        assert len({p.label_type for p in found}) == len(found) and "" not in {p.label_type for p in found}


def test_verdicts_count_what_there_was() -> None:
    pairs = paired(("a", 1, 5, 40), ("b", 2, 4, 40))
    assert verdict("q", pairs, pairs, pairs, 2).reason == "1 pairs, 1 selected"
    assert verdict("q", pairs, pairs, pairs, 2).keep
    assert verdict("q", pairs, [], [], 2).code == "none_selected"
    assert verdict("q", pairs, pairs, [], 2).code == "over_limit"
    nothing = verdict("q", [], [], [], 4)
    assert (nothing.outcome, nothing.code) == ("dropped", "no_pair") and nothing.reason.startswith("0 of 6 pairs")


def test_every_label_has_its_words_and_its_check() -> None:
    assert list(criteria(settings().pair)) == list(get_args(Label)) == list(LABELS)


def chosen_by(*authors: str) -> list[Pair]:
    """A selected pair of an instruction of its own for each author."""
    return [Pair(f"q{n}#{a}>z", f"q{n}", f"q{n}@{a}", f"q{n}@z", 5, 3, 1, 2, 2, "easy", "train")
            for n, a in enumerate(authors)]


def kept(pairs: list[Pair], sources: dict[str, str] | None = None, **changes: object) -> Counter[str]:
    found = limited(pairs, sources or {p.instruction_id: "medqa" for p in pairs}, settings(**changes))
    assert found == [p for p in pairs if p in found], "the order stays"
    return Counter(p.chosen_id.partition("@")[2] for p in found)


@pytest.mark.parametrize(("counts", "share", "left"), [
    ((80, 10, 10), 0.5, (20, 10, 10)), ((80, 10, 10), 0.4, (13, 10, 10)), ((40, 40, 20), 0.4, (40, 40, 20)),
    ((50, 50, 10), 0.45, (45, 45, 10)), ((5, 5, 5), 0.34, (5, 5, 5)), ((80, 10, 10), 1.0, (80, 10, 10)),
    ((30,), 0.5, (0,)),
])
def test_no_author_has_more_than_its_share_of_what_is_left(
    counts: tuple[int, ...], share: float, left: tuple[int, ...]
) -> None:
    pairs = chosen_by(*(author for author, n in zip("abc", counts, strict=False) for _ in range(n)))
    found = kept(pairs, pair__author_share=share)
    assert tuple(found[a] for a in "abc"[: len(counts)]) == left
    assert all(n <= share * sum(found.values()) for n in found.values())


def test_a_source_has_at_most_its_quota_taken_by_hash() -> None:
    pairs = chosen_by(*"a" * 60)
    sources = {p.instruction_id: "medqa" if n < 40 else "medquad" for n, p in enumerate(pairs)}
    found = limited(pairs, sources, settings(pair__quota={"medqa": 7}))
    by_source = Counter(sources[p.instruction_id] for p in found)
    assert by_source == {"medqa": 7, "medquad": 20}
    more = limited(pairs, sources, settings(pair__quota={"medqa": 9}))
    assert {p.id for p in found} < {p.id for p in more}, "a larger quota keeps what a smaller one took"
    other = limited(pairs, sources, settings(pair__quota={"medqa": 7}, seed=5))
    assert {p.id for p in found} != {p.id for p in other}
