"""The judge finds the planted order; if it has a position bias, the stored positions show it."""

import json
from collections import defaultdict
from dataclasses import replace
from statistics import mean
from typing import Any

import pytest
from oracle_endpoint import Body, Served, asked, exam, said, says, settings
from pydantic import ValidationError

from ultramed.annotation.judge import judge, judgement, shuffled
from ultramed.errors import PromptError
from ultramed.fakes.oracle import Biases
from ultramed.inference.client import Client, connect
from ultramed.records import Completion, Feedback, Instruction, Message, Verdict

Judged = list[tuple[list[Feedback], Verdict]]
AUTHORS = ("ann", "bob", "cid", "dee", "eva", "fay", "gus", "hal")


def case(number: int, size: int = 3) -> tuple[Instruction, list[Completion]]:
    question = asked(f"q,{number}", f"What is disease {number}?")
    return question, [
        Completion(f"q,{number}@{a}", question.id, a, "", f"{a} on disease {number}.", None, 1, None)
        for a in AUTHORS[:size]]


def judged(served: Served, cases: list[tuple[Instruction, list[Completion]]]) -> tuple[Judged, Client]:
    given = settings(served.address, judge__max_tokens=400)
    with connect("oracle", "judge", given) as client:
        return list(judge(client, cases, given, len(cases))), client


def test_planted_quality_is_found(served: Served) -> None:
    cases = [case(n) for n in range(12)]
    best_first = ["bob", "ann", "cid"]
    served.oracle.truth = {"quality": {c.text: 5 - best_first.index(c.author) for _, cs in cases for c in cs}}
    read, client = judged(served, cases)
    for (question, _), (feedback, verdict) in zip(cases, read, strict=True):
        assert verdict == Verdict(question.id, "judge", "kept", "judged", "3 candidates ranked")
        by_author = {f.candidate_id.split("@")[1]: (f.rank, f.score) for f in feedback}
        assert by_author == {"bob": (1, 5), "ann": (2, 4), "cid": (3, 3)}
        assert {f.judge for f in feedback} == {"oracle"} and {f.critique for f in feedback} == {"as planted"}
    assert [f.request_key for found, _ in read for f in found[:1]] == [u.request_key for u in client.manifest]


def test_the_order_shown_is_a_shuffle_and_is_stored(served: Served) -> None:
    cases = [case(n) for n in range(40)]
    read, _ = judged(served, cases)
    firsts = set()
    for (_, candidates), (feedback, _) in zip(cases, read, strict=True):
        order = sorted(feedback, key=lambda f: f.shown)
        assert [f.shown for f in order] == [1, 2, 3]
        assert sorted(f.candidate_id for f in order) == sorted(c.id for c in candidates)
        texts = {c.id: c.text for c in candidates}
        seen, = [p for p in served.prompts("Judgement") if texts[order[0].candidate_id] in p]
        assert all(f"Answer {f.shown}:\n{texts[f.candidate_id]}\n" in seen for f in order)
        firsts.add(order[0].candidate_id.split("@")[1])
    assert firsts == {"ann", "bob", "cid"}


def test_the_shuffle_depends_on_the_seed_and_on_nothing_else() -> None:
    _, candidates = case(1, 8)
    assert shuffled(candidates, 1) == shuffled(candidates[::-1], 1) != shuffled(candidates, 2)


def test_position_bias_shows_in_the_mean_score_by_position(served: Served) -> None:
    served.oracle.biases = Biases(position=1.0)  # all are worth 3, the first one shown gets 3 + 1
    scores: dict[int, list[int]] = defaultdict(list)
    for feedback, _ in judged(served, [case(n) for n in range(20)])[0]:
        for f in feedback:
            scores[f.shown].append(f.score)
    assert {position: mean(found) for position, found in scores.items()} == {1: 4, 2: 3, 3: 3}


def spoilt(found: dict[str, Any], how: str) -> dict[str, Any]:
    first, *others = found["feedback"]
    return {
        "repeated": {**found, "ranking": [1, 1, 2]},
        "missing": {**found, "feedback": others},
        "beyond": {**found, "feedback": [{**first, "score": 6}, *others]},
        "short": {**found, "ranking": [1, 2]},
    }[how]


@pytest.mark.parametrize(("how", "detail"), [
    ("repeated", r"ranking: Value error, [1, 1, 2] is no ranking of [1, 2, 3], each once"),
    ("missing", "feedback: List should have at least 3 items"),
    ("beyond", "feedback.0.score: Input should be less than or equal to 5"),
    ("short", "ranking: List should have at least 3 items"),
])
def test_a_reply_off_the_scale_is_asked_for_once_more_then_set_aside(served: Served, how: str, detail: str) -> None:
    def spoil(body: Body, reply: Body) -> None:
        says(reply, json.dumps(spoilt(said(reply), how)))

    served.spoil = spoil
    ((feedback, verdict),), client = judged(served, [case(1)])
    assert feedback == []  # no tie, no middle score
    assert (verdict.outcome, verdict.code) == ("quarantined", "invalid") and verdict.reason.startswith(detail)
    assert [(u.step, u.outcome) for u in client.manifest] == [("judge", "invalid"), ("judge-again", "invalid")]
    complaint = max(served.bodies, key=lambda b: len(b["messages"]))["messages"][-1]["content"]
    assert detail in complaint


def test_a_second_reply_that_is_whole_counts(served: Served) -> None:
    def spoil(body: Body, reply: Body) -> None:
        if len(body["messages"]) == 2:
            says(reply, json.dumps(spoilt(said(reply), "repeated")))

    served.spoil = spoil
    ((feedback, verdict),), client = judged(served, [case(1)])
    assert verdict.keep and [f.rank for f in feedback] == [1, 2, 3]
    assert {f.request_key for f in feedback} == {list(client.manifest)[1].request_key}


def test_eight_candidates_are_ranked_without_spelling_out_every_order(served: Served) -> None:
    schema = judgement(8, 60, 5).model_json_schema()
    assert "enum" not in json.dumps(schema)
    assert len(judgement(4, 60, 5).model_json_schema()["properties"]["ranking"]["enum"]) == 24  # 4!
    questions = [case(1, 8)]
    served.oracle.truth = {"quality": {c.text: 5 - n / 2 for n, c in enumerate(questions[0][1])}}
    ((feedback, _),), _ = judged(served, questions)
    assert {f.candidate_id.split("@")[1]: f.rank for f in feedback} == {a: n for n, a in enumerate(AUTHORS, 1)}
    reply = {"feedback": [{"evaluation": "x", "score": 3}] * 8, "ranking": [1, 2, 3, 4, 5, 6, 7, 7]}
    with pytest.raises(ValidationError, match="is no ranking of"):
        judgement(8, 60, 5).model_validate(reply)


def test_scores_reach_the_end_of_the_scale_and_no_further() -> None:
    reply: dict[str, Any] = {"feedback": [{"evaluation": "x", "score": 7}] * 2, "ranking": [1, 2]}
    assert judgement(2, 60, 7).model_validate(reply)
    with pytest.raises(ValidationError, match="less than or equal to 5"):
        judgement(2, 60, 5).model_validate(reply)


def test_a_prompt_that_speaks_of_another_scale_is_refused(served: Served) -> None:
    given = settings(served.address, judge__scale=7)
    with connect("oracle", "judge", given) as client, pytest.raises(PromptError, match="scores from 1 to 7"):
        list(judge(client, [case(1)], given, 1))
    assert not served.bodies


def test_one_candidate_alone_is_not_judged(served: Served) -> None:
    read, client = judged(served, [case(1, 1), case(2, 2)])
    assert [(v.id, v.outcome, v.code) for _, v in read] == [("q,1", "dropped", "too_few"), ("q,2", "kept", "judged")]
    assert [u.row_id for u in client.manifest] == ["q,2"]


def test_the_key_of_an_exam_item_is_shown(served: Served) -> None:
    question, candidates = case(1)
    judged(served, [(exam("q,1", question.question, ["x", "y"], "B"), candidates), case(2)])
    shown = {("Correct option: B" in p, "A. x\nB. y" in p) for p in served.prompts()}
    assert shown == {(True, True), (False, False)}


def test_the_turns_before_a_question_are_shown_as_they_were_to_the_authors(served: Served) -> None:
    talk = [Message("system", "never shown"), Message("user", "I bleed."), Message("assistant", "Where?"),
            Message("user", "At the gums.")]
    judged(served, [(asked("q,1", "", messages=talk), case(1)[1])])
    (prompt,) = served.prompts()
    assert "Question:\nUser: I bleed.\n\nAssistant: Where?\n\nUser: At the gums.\n" in prompt
    assert "never shown" not in prompt


def test_the_key_is_shown_with_its_text_and_a_cut_answer_is_marked(served: Served) -> None:
    question, candidates = case(1)
    cut = [replace(candidates[0], cut=True), *candidates[1:]]
    judged(served, [(exam("q,1", question.question, ["Aspirin", "Heparin"], "B"), cut)])
    (prompt,) = served.prompts()
    assert "Correct option: B. Heparin" in prompt
    assert prompt.count("[cut off here by a length limit]") == 1
    assert f"{candidates[0].text}\n[cut off here by a length limit]" in prompt
