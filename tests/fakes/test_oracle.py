"""The oracle: planted truth comes back, and the errors and biases that are set can be measured."""

import json
from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from pydantic import BaseModel

from ultramed.annotation.judge import judgement
from ultramed.curation.solve import choice
from ultramed.exam import explained
from ultramed.fakes.oracle import Biases, Oracle
from ultramed.inference.ask.structured import expected_digit, read
from ultramed.inference.http.completion import of_completion
from ultramed.inference.http.wire import Dialect
from ultramed.ledger.requests import Request, Sampling
from ultramed.prompts import Prompt, render

STEM = "Which electrolyte disorder prolongs the QT interval?"
OPTIONS = ["Hypocalcemia", "Hypercalcemia", "Hypernatremia", "Hypophosphatemia"]
TRUTH: dict[str, Any] = {"answers": {"Which organ makes bile?": "Liver", STEM: "Hypocalcemia"}, "scores": {STEM: 7}}


def asked(oracle: Oracle, prompt: Prompt, kind: type[BaseModel] | None = None, seed: int = 1, tops: int = 0) -> Any:
    """The value that a stage would read from the oracle's reply."""
    request = Request("r", "s", prompt, Sampling(0.0, 64, seed, top_logprobs=tops), kind)
    text, alternatives = oracle.reply(json.loads(Dialect("m").body(request)))
    body: dict[str, Any] = {"choices": [{"message": {"content": text}}]}
    value, failure, detail = read(of_completion(body), kind)
    assert not failure, detail
    return (value, alternatives) if tops else value


def item(options: list[str] | tuple[str, ...], stem: str = STEM) -> str:
    return stem + "\n\n" + "\n".join(f"{letter}. {o}" for letter, o in zip("ABCDE", options, strict=False))


def wrong_share(oracle: Oracle, times: int) -> float:
    letters = [asked(oracle, render("solve", question=item(OPTIONS)), choice("ABCD"), n).answer for n in range(times)]
    return sum(letter != "A" for letter in letters) / times


@pytest.mark.parametrize("order", list(permutations(OPTIONS))[::5])
def test_the_letter_follows_the_text_of_the_option(order: tuple[str, ...]) -> None:
    right = "ABCD"[order.index("Hypocalcemia")]
    oracle = Oracle(TRUTH)
    assert asked(oracle, render("solve", question=item(order)), choice("ABCD")).answer == right
    assert asked(oracle, render("complete-exam-json", question=item(order)), explained(4, 72)).answer == right
    free = asked(oracle, render("complete-exam", question=item(order)))
    assert free.endswith(f"So, the answer is {right}.")


@pytest.mark.parametrize("name", ["complete-exam-examples", "complete-exam-examples-json"])
@pytest.mark.parametrize("shown", [OPTIONS, OPTIONS[::-1]])
def test_worked_examples_do_not_pass_for_the_question(name: str, shown: list[str]) -> None:
    """Examples, which the oracle also knows, come before the question and have more options."""
    organs = ["Heart", "Lung", "Spleen", "Kidney", "Liver"]
    example = {"question": item(organs, "Which organ makes bile?"), "answer": "E"}
    letter = "ABCD"[shown.index("Hypocalcemia")]
    kind = explained(4, 72) if name.endswith("json") else None
    value = asked(Oracle(TRUTH), render(name, question=item(shown), examples=[example, example]), kind)
    assert (value.answer if kind else value[-2]) == letter


def test_the_error_rate_is_the_one_set_and_the_same_again() -> None:
    """400 draws at 0.3: mean 0.3, standard deviation 0.023; the bounds are four of them away."""
    share = wrong_share(Oracle(TRUTH, Biases(error=0.3)), 400)
    assert 0.21 < share < 0.39
    assert wrong_share(Oracle(TRUTH, Biases(error=0.3)), 400) == share
    assert wrong_share(Oracle(TRUTH), 50) == 0
    assert wrong_share(Oracle(TRUTH, Biases(error=1)), 50) == 1


def test_what_was_not_planted_is_guessed() -> None:
    letters = {asked(Oracle({}), render("solve", question=item(OPTIONS)), choice("ABCD"), n).answer for n in range(50)}
    assert letters == set("ABCD")


def first_wins(biases: Biases, times: int = 60, quality: tuple[int, int] = (3, 3), texts: tuple[str, str] = ("x", "y"),
               **truth: Any) -> float:
    """Share of judgements that rank the answer shown first above the other."""
    oracle = Oracle({"quality": dict(zip(texts, quality, strict=True)), **truth}, biases)
    prompts = [render("judge", question=f"q{n}", key="", count=2, answers=list(texts)) for n in range(times)]
    return sum(asked(oracle, prompt, judgement(2, 60, 5)).ranking[0] == 1 for prompt in prompts) / times


def test_an_unbiased_judge_finds_the_better_answer_wherever_it_stands() -> None:
    assert first_wins(Biases(), quality=(4, 2)) == 1
    assert first_wins(Biases(), quality=(2, 4)) == 0


def test_scores_are_the_planted_qualities() -> None:
    oracle = Oracle({"quality": {"good\n\nand long": 5, "bad": 1, "unclear": 3}})
    prompt = render("judge", question="q", key="A", count=3, answers=["bad", "good\n\nand long", "unclear"])
    judged = asked(oracle, prompt, judgement(3, 60, 5))
    assert [f.score for f in judged.feedback] == [1, 5, 3]
    assert judged.ranking == [2, 3, 1]


def test_position_length_and_self_bias_can_be_measured() -> None:
    """Each is worth 2 points: enough to reverse a difference of 1, too little for one of 3."""
    assert first_wins(Biases(position=2), quality=(2, 3)) == 1
    assert first_wins(Biases(position=2), quality=(1, 4)) == 0
    long = ("y" * 1000, "short")
    assert first_wins(Biases(length=2), quality=(2, 3), texts=long) == 1
    assert first_wins(Biases(), quality=(2, 3), texts=long) == 0
    assert first_wins(Biases(self_=2), quality=(2, 3), self=["x"]) == 1
    assert first_wins(Biases(self_=2), quality=(3, 2), self=["y"]) == 0


def test_a_judge_that_errs_is_sometimes_wrong() -> None:
    assert 0 < first_wins(Biases(error=0.5), quality=(1, 5), times=200) < 0.5


def test_the_difficulty_is_the_planted_one_by_digit_and_by_text() -> None:
    """The digit is the score minus 1 and has 0.98 of 0.99, the next one 0.01: 6 + 0.01 / 0.99."""
    _, tops = asked(Oracle(TRUTH), render("score", question=item(OPTIONS)), tops=20)
    assert expected_digit(tops[0]) == pytest.approx(6 + 0.01 / 0.99)
    _, tops = asked(Oracle(TRUTH), render("score", question="not planted"), tops=20)
    assert expected_digit(tops[0]) == pytest.approx(4 + 0.01 / 0.99)


def test_requests_are_counted_by_task() -> None:
    oracle = Oracle(TRUTH)
    wrong_share(oracle, 3)
    asked(oracle, render("complete-exam", question=item(OPTIONS)))
    assert oracle.asked == Counter({"Choice": 3, "text": 1})
