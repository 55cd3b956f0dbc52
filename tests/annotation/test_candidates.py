"""Which instructions get candidates, and how answers are recorded."""

from dataclasses import replace
from random import Random

import pytest
from oracle_endpoint import Body, Served, asked, exam, says, settings

from ultramed.annotation.candidates import choose, from_source, sample, warning
from ultramed.inference.client import connect
from ultramed.records import Instruction, Message

OPTIONS = ["Aspirin", "Heparin", "Warfarin", "Alteplase"]
SCORES = {"medqa": [3.0, 9.0, 5.0], "medquad": [8.0, 2.0], "pubmedqa": [4.0]}


def rows() -> list[Instruction]:
    return [asked(f"{source},{n}", "What is it?", source=source) for source, given in SCORES.items()
            for n in range(len(given))]


def chosen(count: int | None, *contested: str, shuffle: int | None = None) -> list[str]:
    given, scores = rows(), {f"{s},{n}": x for s, found in SCORES.items() for n, x in enumerate(found)}
    if shuffle is not None:
        Random(shuffle).shuffle(given)
    return [i.id for i in choose(given, set(contested), scores, settings(candidates__prompts=count))]


def test_sources_take_turns_each_from_its_highest_score() -> None:
    every = ["medqa,1", "medquad,0", "pubmedqa,0", "medqa,2", "medquad,1", "medqa,0"]
    assert chosen(None) == every
    assert [chosen(n) for n in range(1, 7)] == [every[:n] for n in range(1, 7)]


def test_contested_rows_are_never_chosen() -> None:
    assert chosen(3, "medqa,1", "pubmedqa,0") == ["medqa,2", "medquad,0", "medqa,0"]
    assert "medquad,0" not in chosen(None, "medquad,0")


def test_the_choice_depends_on_no_order() -> None:
    assert all(chosen(4, shuffle=n) == chosen(4) for n in range(10))
    tied = [asked(f"medqa,{n}", "What?") for n in (3, 1, 2)]
    scores = dict.fromkeys(("medqa,1", "medqa,2", "medqa,3"), 5.0)
    firsts = {choose(tied, set(), scores, settings(candidates__prompts=1, seed=seed))[0].id for seed in range(20)}
    assert firsts == set(scores), "equal scores are ordered by hash, no id is preferred"


def test_each_source_may_have_a_number_of_its_own() -> None:
    params = settings(candidates__prompts={"medqa": 2, "pubmedqa": 5})
    scores = {f"{s},{n}": x for s, found in SCORES.items() for n, x in enumerate(found)}
    assert [i.id for i in choose(rows(), set(), scores, params)] == ["medqa,1", "pubmedqa,0", "medqa,2"]


def test_a_member_answers_with_its_own_prompt_and_sampling(served: Served) -> None:
    item = exam("MedQA,1", "Which drug dissolves a fresh clot?", OPTIONS, "D")
    talk = [Message("user", "I bleed."), Message("assistant", "Where?"), Message("user", "At the gums.")]
    served.oracle.truth = {"answers": {item.question: "Alteplase"}}
    params = settings(served.address)
    member = params.candidates.pool["careful"].model_copy(update={"temperature": 0.25, "max_tokens": 33})
    with connect("oracle", "candidates@careful", params) as client:
        read = list(sample(client, "careful", member, [item, asked("ChatDoctor,1", "", messages=talk)], params))
    (exam_answer, verdict), (open_answer, _) = read
    assert exam_answer is not None and open_answer is not None
    assert exam_answer.id == "MedQA,1@careful" and exam_answer.extracted == "D"
    assert exam_answer.reasoning == "The planted truth names this option."
    assert exam_answer.text.endswith("So, the answer is D.")
    assert (verdict.stage, verdict.outcome, verdict.code) == ("candidates@careful", "kept", "sampled")
    assert open_answer.extracted is None and open_answer.reasoning == open_answer.text
    by_length = sorted(served.bodies, key=lambda b: len(b["messages"]))
    assert {(b["temperature"], b["max_tokens"]) for b in served.bodies} == {(0.25, 33)}
    assert [m["role"] for m in by_length[0]["messages"]] == ["system", "user"]
    assert "careful clinician" in by_length[0]["messages"][0]["content"]
    assert [m["content"] for m in by_length[1]["messages"][1:]] == ["I bleed.", "Where?", "At the gums."]


def test_a_letter_beyond_the_options_is_none_but_the_answer_stays(served: Served) -> None:
    def beyond(_: Body, reply: Body) -> None:
        says(reply, "It must be something else.\n\nSo, the answer is F.")

    served.spoil = beyond
    params = settings(served.address)
    item = exam("MedQA,1", "Which drug dissolves a fresh clot?", OPTIONS, "D")
    with connect("oracle", "candidates@brief", params) as client:
        (answer, verdict), = sample(client, "brief", params.candidates.pool["brief"], [item], params)
    assert answer is not None and answer.extracted is None and verdict.keep
    assert answer.reasoning == answer.text  # nothing was mistaken for a closing sentence


@pytest.mark.parametrize(("rule", "outcome"), [("drop", "quarantined"), ("mark", "kept"), ("again", "kept")])
def test_cut_replies_are_left_out_marked_or_asked_again(served: Served, rule: str, outcome: str) -> None:
    served.spoil = lambda _, reply: says(reply, "A beginning without", "length")
    params = settings(served.address, candidates__cut=rule)
    with connect("oracle", "candidates@brief", params) as client:
        member = params.candidates.pool["brief"]
        read = list(sample(client, "brief", member, [asked("a,1", "Why?")], params))
    (answer, verdict), = read
    assert verdict.outcome == outcome and (answer is not None and answer.cut) == (outcome == "kept")
    limits = [member.max_tokens, 2 * member.max_tokens] if rule == "again" else [member.max_tokens]
    assert [b["max_tokens"] for b in served.bodies] == limits
    told = warning("brief", member, read, params)
    assert told.startswith(f"WARNING candidates, brief: 1 of 1 answers were cut after {limits[-1]} tokens; raise ")


def test_an_answer_that_ends_with_more_room_is_whole(served: Served) -> None:
    def short(body: Body, reply: Body) -> None:
        if "long" in str(body["messages"]) and body["max_tokens"] < 90:
            says(reply, "A beginning without", "length")

    served.spoil = short
    params = settings(served.address, candidates__cut="again")
    member = params.candidates.pool["brief"].model_copy(update={"max_tokens": 48})
    rows = [asked("a,1", "Why, at long last?"), asked("a,2", "How?")]
    with connect("oracle", "candidates@brief", params) as client:
        read = list(sample(client, "brief", member, rows, params))
        steps = [(u.row_id, u.step) for u in client.manifest]
    assert [(a.id, a.cut, a.text) for a, _ in read if a] == [
        ("a,1@brief", False, "A planted answer to an open question."),
        ("a,2@brief", False, "A planted answer to an open question.")]
    assert steps == [("a,1", "candidate"), ("a,2", "candidate"), ("a,1", "candidate-again")]
    assert warning("brief", member, read, params) == ""


def test_the_rows_own_answer_competes_where_there_is_one() -> None:
    item = exam("MedQA,1", "Which drug?", OPTIONS, "B", reference="It inhibits thrombin.")
    plain = asked("MedQuad,1", "What is it?", reference="A disease.")
    given = [item, plain, replace(plain, id="MedQuad,2", reference=None), replace(plain, id="MedQuad,3", reference="")]
    found = list(from_source("source", given))
    texts = [answer.text if answer else None for answer, _ in found]
    assert texts == ["It inhibits thrombin.\n\nSo, the answer is B.", "A disease.", None, None]
    assert [v.code for _, v in found] == ["sampled", "sampled", "no_reference", "no_reference"]
    assert found[0][0] is not None and found[0][0].extracted == "B" and found[0][0].id == "MedQA,1@source"
