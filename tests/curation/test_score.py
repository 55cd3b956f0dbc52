"""Difficulty scores: the expectation over digit tokens, or a written score; never a guess."""

import math
from typing import Any

import pytest
from oracle_endpoint import Body, Served, asked, exam, says, settings

from ultramed.curation.score import score
from ultramed.inference.client import Client, connect
from ultramed.records import Instruction, Message, Score, Verdict

HARD, EASY = asked("a,1", "By which mechanism does lithium accumulate?"), asked("a,2", "Which organ pumps blood?")


def scored(served: Served, rows: list[Instruction], method: str, **changes: Any) -> tuple[
    list[tuple[Score | None, Verdict]], Client
]:
    given = settings(served.address, score__method=method, score__top_logprobs=15, score__words=None, **changes)
    with connect("oracle", "score", given) as client:
        return list(score(client, rows, given, len(rows))), client


def tokens(reply: Body, alternatives: dict[str, float]) -> None:
    """Put probabilities of the first token into a reply."""
    tops = [{"token": t, "logprob": math.log(p)} for t, p in alternatives.items()]
    reply["choices"][0]["logprobs"] = {"content": [{**tops[0], "top_logprobs": tops}]}


def test_the_score_is_the_expected_digit_plus_one(served: Served) -> None:
    served.spoil = lambda _, reply: tokens(reply, {"6": 0.5, "7": 0.3, "x": 0.15, "12": 0.05})
    (found, verdict), = scored(served, [HARD], "logprob")[0]
    # over the digits alone: (6 · 0.5 + 7 · 0.3) / (0.5 + 0.3) = 5.1 / 0.8 = 6.375, plus 1
    assert found is not None and found.score == 7.375
    assert (verdict.outcome, verdict.code, verdict.reason) == ("kept", "scored", "score 7.375")
    body, = served.bodies
    assert (body["max_tokens"], body["logprobs"], body["top_logprobs"]) == (1, True, 15)


def test_planted_scores_come_back_by_logprob(served: Served) -> None:
    served.oracle.truth = {"scores": {HARD.question: 8, EASY.question: 1}}
    read, client = scored(served, [HARD, EASY], "logprob")
    # the oracle says digit d with 0.98 and d + 1 with 0.01: d + 0.01 / 0.99, plus 1
    assert [(s.id, s.score, s.method, s.justification) for s, _ in read if s] == [
        ("a,1", 8.01, "logprob", ""), ("a,2", 1.01, "logprob", "")]
    assert [s.request_key for s, _ in read if s] == [u.request_key for u in client.manifest]


def test_a_spoken_score_brings_its_justification(served: Served) -> None:
    served.oracle.truth = {"scores": {HARD.question: 8}}
    read, _ = scored(served, [HARD, EASY], "text")
    assert [(s.score, s.justification, s.method) for s, _ in read if s] == [
        (8.0, "As planted.", "text"), (5.0, "As planted.", "text")]


@pytest.mark.parametrize("alternatives", [{"The": 0.9, " ": 0.1}, {"10": 0.9, "⁷": 0.1}])
def test_no_digit_is_no_score(served: Served, alternatives: dict[str, float]) -> None:
    served.spoil = lambda _, reply: tokens(reply, alternatives)
    (found, verdict), = scored(served, [HARD], "logprob")[0]
    assert found is None
    assert (verdict.outcome, verdict.code) == ("quarantined", "unreadable")
    assert verdict.reason == "no digit among the 2 likeliest tokens"


@pytest.mark.parametrize(("reply", "code"), [
    ('{"justification": "hard", "score": 11}', "invalid"), ("eight of ten", "unreadable"), ("", "empty")])
def test_a_spoken_score_off_the_scale_is_no_score(served: Served, reply: str, code: str) -> None:
    served.spoil = lambda _, given: says(given, reply)
    (found, verdict), = scored(served, [HARD], "text")[0]
    assert found is None and (verdict.outcome, verdict.code) == ("quarantined", code)


def test_every_row_has_a_verdict_in_its_place(served: Served) -> None:
    def spoil(body: Body, reply: Body) -> None:
        if "row 3?" in body["messages"][-1]["content"]:
            says(reply, "")

    served.spoil = spoil
    rows = [exam(f"a,{n}", f"What is in row {n}?", ["x", "y"], "A") for n in range(7)]
    read, _ = scored(served, rows, "text")
    assert [v.id for _, v in read] == [r.id for r in rows]
    assert [s is None for s, _ in read] == [n == 3 for n in range(7)]
    assert "What is in row 5?\n\nA. x\nB. y" in "".join(served.prompts())


def test_long_questions_are_cut_for_the_scorer_alone(served: Served) -> None:
    long = asked("a,1", "one two\nthree  four five")
    given = settings(served.address, score__method="logprob", score__words=4)
    with connect("oracle", "score", given) as client:
        assert len(list(score(client, [long, HARD], given, 2))) == 2
    assert sorted(p.removeprefix("Question: ") for p in served.prompts()) == [
        "By which mechanism does", "one two\nthree  four"]


def test_the_turns_before_a_question_are_shown_to_the_scorer(served: Served) -> None:
    talk = [Message("user", "I bleed."), Message("assistant", "Where?"), Message("user", "At the gums.")]
    given = settings(served.address, score__method="text", score__words=None)
    with connect("oracle", "score", given) as client:
        assert len(list(score(client, [asked("a,1", "", messages=talk), HARD], given, 2))) == 2
    told, = [p for p in served.prompts() if "gums" in p]
    assert "User: I bleed.\n\nAssistant: Where?\n\nUser: At the gums." in told
