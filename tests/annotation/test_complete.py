"""Completions: accepted at once, accepted with examples, rejected, or set aside because the key itself is doubtful."""

import json
import re
from collections import Counter
from typing import Any

import pytest
from oracle_endpoint import Body, Served, asked, exam, said, says, schema_of, settings

from ultramed.annotation.complete import Completed, complete
from ultramed.curation.solve import panel
from ultramed.fakes.oracle import Biases
from ultramed.inference.client import Client, connect
from ultramed.records import Instruction, Message
from ultramed.seeds import seed_of

ROWS = {
    "MedQA,1": ("Which electrolyte is lost in the urine of a patient on a thiazide diuretic?",
                ["Calcium", "Potassium", "Phosphate", "Bicarbonate"], "B"),
    "MedQA,2": ("Which lesion of the skin itches and has silvery scales on both elbows?",
                ["Psoriasis", "Melanoma", "Impetigo", "Scabies"], "A"),
    "MedQA,3": ("Which murmur radiates to the carotid arteries of an old man who faints?",
                ["Mitral stenosis", "Aortic regurgitation", "Ductus arteriosus", "Aortic stenosis"], "D"),
    "MedQA,4": ("Which electrolyte must be watched in a patient who begins a loop diuretic?",
                ["Zinc", "Copper", "Magnesium", "Iodine"], "C"),
}


def rows() -> list[Instruction]:
    return [exam(row_id, *rest) for row_id, rest in ROWS.items()]


def truth(items: list[Instruction]) -> dict[str, Any]:
    return {"answers": {i.question: o.text for i in items for o in i.options if o.letter == i.key}}


def completed(served: Served, items: list[Instruction], **changes: Any) -> tuple[Completed, Client]:
    usual = {"complete__format": "json", "complete__attempts": 2, "complete__examples": 1, "complete__solvers": 3,
             "complete__contested": 3, "complete__cut": False, "complete__max_tokens": 100}
    given = settings(served.address, **usual | changes)
    with connect("oracle", "complete", given) as client, panel(["oracle"], "complete", given, client) as jury:
        return complete(client, jury, items, given), client


def codes(done: Completed) -> dict[str, str]:
    return {row_id: verdict.code for row_id, verdict in done.verdicts.items()}


@pytest.mark.parametrize("form", ["json", "text"])
def test_right_answers_are_accepted_at_once(served: Served, form: str) -> None:
    served.oracle.truth = truth(rows())
    done, client = completed(served, rows(), complete__format=form)
    assert codes(done) == dict.fromkeys(ROWS, "accepted")
    assert [(c.id, c.extracted, c.attempts) for c in done.rows] == [
        (f"{i.id}@oracle", i.key, 1) for i in rows()]
    first = done.rows[0]
    assert first.reasoning == "The planted truth names this option."
    assert first.text == "The planted truth names this option.\n\nSo, the answer is B."
    assert [u.step for u in client.manifest] == ["attempt-1"] * 4
    assert first.request_key == next(iter(client.manifest)).request_key
    assert {b["response_format"]["json_schema"]["name"] if form == "json" else b.get("response_format")
            for b in served.bodies} == ({"Explained"} if form == "json" else {None})


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_miss_is_tried_again_with_the_nearest_accepted_answer(served: Served, encoder_here: None, form: str) -> None:
    served.oracle.truth = truth(rows())
    late = rows()[3]

    def miss(body: Body, reply: Body) -> None:
        turn = body["messages"][-1]["content"]
        if late.question in turn and rows()[0].question not in turn:
            wrong = '{"reasoning": "Zinc is the one that falls.", "answer": "A"}'
            says(reply, wrong if form == "json" else "Zinc falls.\n\nSo, the answer is A.")

    served.spoil = miss
    done, client = completed(served, rows(), complete__format=form)
    assert {c.id: c.attempts for c in done.rows} == {**dict.fromkeys((f"MedQA,{n}@oracle" for n in "123"), 1),
                                                     "MedQA,4@oracle": 2}
    assert done.verdicts["MedQA,4"].reason == "attempt 2: chose C, which is the key; 1 of 2 answers reached the key"
    again = [p for p in served.prompts() if late.question in p and "accepted answers" in p]
    # of three accepted items the one about diuretics is nearest; the second example is not asked for
    assert len(again) == 1 and rows()[0].prompt in again[0] and rows()[0].question in again[0]
    assert "So, the answer is B." in again[0]
    assert not any(other.question in again[0] for other in rows()[1:3])
    assert [(u.row_id, u.step) for u in client.manifest][4:] == [("MedQA,4", "attempt-2")]


def test_a_key_that_all_solvers_contradict_is_contested(served: Served, encoder_here: None) -> None:
    items = rows()
    served.oracle.truth = truth(items)
    items[0] = exam("MedQA,1", *ROWS["MedQA,1"][:2], "D")  # the row says D, the truth potassium
    done, client = completed(served, items)
    verdict = done.verdicts["MedQA,1"]
    assert (verdict.outcome, verdict.code) == ("quarantined", "contested")
    assert verdict.reason == "3 of 3 solvers chose B, the key is D"
    assert [u.step for u in client.manifest if u.row_id == "MedQA,1"] == [
        "attempt-1", "attempt-2", "contest-1", "contest-2", "contest-3"]
    assert len(done.rows) == 3


def test_a_teacher_that_errs_is_no_proof_against_a_key(served: Served) -> None:
    served.oracle.truth = truth(rows())

    def miss(body: Body, reply: Body) -> None:
        if "reasoning" in said(reply):
            says(reply, json.dumps(said(reply) | {"answer": "A" if said(reply)["answer"] != "A" else "B"}))

    served.spoil = miss  # the teacher errs every time, the solvers never
    done, _ = completed(served, rows())
    assert codes(done) == dict.fromkeys(ROWS, "key_mismatch") and done.rows == []
    assert done.verdicts["MedQA,1"].reason == "attempt 2: chose A, the key is B"


def test_fewer_solvers_than_demanded_contest_nothing(served: Served, encoder_here: None) -> None:
    items = [exam("MedQA,1", *ROWS["MedQA,1"][:2], "D"), *rows()[1:]]
    served.oracle.truth = truth(rows())
    done, client = completed(served, items, complete__solvers=2, complete__contested=3)
    assert done.verdicts["MedQA,1"].code == "key_mismatch"
    done, client = completed(served, items, complete__solvers=0)
    assert done.verdicts["MedQA,1"].code == "key_mismatch"
    assert not any(u.step.startswith("contest") for u in client.manifest)


def test_open_questions_are_answered_without_a_check(served: Served) -> None:
    history = [Message("system", "never shown"), Message("user", "I cough."), Message("assistant", "Since when?"),
               Message("user", "Since May. What is it?")]
    done, _ = completed(served, [asked("ChatDoctor,1", "x", messages=history)], complete__open_prompt="complete-open")
    answer = done.rows[0]
    assert answer.text == answer.reasoning == "A planted answer to an open question."
    assert answer.extracted is None and done.verdicts["ChatDoctor,1"].code == "accepted"
    turns = [(m["role"], m["content"]) for m in served.bodies[0]["messages"]]
    assert turns[0][0] == "system" and "medical expert" in turns[0][1]
    assert turns[1:] == [("user", "I cough."), ("assistant", "Since when?"), ("user", "Since May. What is it?")]


def spoilt(served: Served) -> list[Instruction]:
    """Six open questions and exam items; the oracle spoils a reply where its mark stands in the question."""
    marks = {"EMPTY": "", "CUT": "The first half of a sen", "SORRY": "I'm sorry, but I cannot help with that.",
             "RAMBLE": "Many things are possible, and none is certain."}

    def spoil(body: Body, reply: Body) -> None:
        told = " ".join(m["content"] for m in body["messages"])
        if mark := re.search("|".join(marks), told):
            says(reply, marks[mark[0]], "length" if mark[0] == "CUT" else "stop")

    served.spoil = spoil
    options = ROWS["MedQA,1"][1]
    return [*(asked(f"ChatDoctor,{m}", f"What do you make of {m} here?") for m in ("EMPTY", "CUT", "SORRY", "fine")),
            exam("MedQA,RAMBLE", "Which one does RAMBLE mean here?", options, "B"),
            exam("MedQA,fine", "Which one is the right one here?", options, "B")]


@pytest.mark.parametrize(("form", "of_rambling"), [("text", "no_letter"), ("json", "unreadable")])
def test_useless_replies_are_set_aside_by_kind(served: Served, encoder_here: None, form: str, of_rambling: str) -> None:
    items = spoilt(served)
    served.oracle.truth = {"answers": {"the right one here": "Potassium"}}
    done, client = completed(served, items, complete__format=form, complete__solvers=0)
    assert codes(done) == {
        "ChatDoctor,EMPTY": "empty", "ChatDoctor,CUT": "truncated", "ChatDoctor,SORRY": "refused",
        "ChatDoctor,fine": "accepted", "MedQA,RAMBLE": of_rambling, "MedQA,fine": "accepted"}
    outcomes = Counter(v.outcome for v in done.verdicts.values())
    assert outcomes == {"quarantined": 4, "kept": 2} and sum(outcomes.values()) == len(items)
    assert sorted(c.instruction_id for c in done.rows) == ["ChatDoctor,fine", "MedQA,fine"]
    if form == "json":  # a reply of the wrong shape is requested again in each attempt
        assert [(u.step, u.outcome) for u in client.manifest if u.row_id == "MedQA,RAMBLE"] == [
            ("attempt-1", "unreadable"), ("attempt-1-again", "unreadable"),
            ("attempt-2", "unreadable"), ("attempt-2-again", "unreadable")]


@pytest.mark.parametrize(("form", "reply", "reason"), [
    ("json", '{"reasoning": "Calcium is lost in the urine, so the answer is A.", "answer": "B"}',
     "the reasoning closes on A, the answer is B"),
    ("json", '{"reasoning": "Therefore, the electrolyte that is lost is calcium.", "answer": "B"}',
     "the reasoning closes on A, the answer is B"),
    ("text", "Therefore, the electrolyte that is lost is calcium.\n\nSo, the answer is B.",
     "the reasoning closes on A, the answer is B"),
    ("text", "Calcium is lost, so the answer is A.\n\nSo, the answer is B.", "the reply settles on A and on B"),
])
def test_a_reply_whose_reasoning_closes_on_another_letter_is_not_accepted(
    served: Served, form: str, reply: str, reason: str
) -> None:
    served.spoil = lambda _, sent: says(sent, reply)
    done, _ = completed(served, rows()[:1], complete__format=form, complete__attempts=1, complete__solvers=0)
    verdict = done.verdicts["MedQA,1"]
    assert (verdict.outcome, verdict.code, done.rows) == ("quarantined", "contradicts", [])
    assert verdict.reason == f"attempt 1: {reason}"


def test_a_reasoning_that_corrects_itself_is_accepted(served: Served) -> None:
    said_first = "The answer is A. Wait, thiazides spare calcium and lose potassium.\n\nSo, the answer is B."
    served.spoil = lambda _, sent: says(sent, said_first)
    done, _ = completed(served, rows()[:1], complete__format="text", complete__attempts=1, complete__solvers=0)
    assert codes(done) == {"MedQA,1": "accepted"} and done.rows[0].extracted == "B"


def test_cut_answers_count_only_where_params_say_so(served: Served) -> None:
    items = spoilt(served)[1:2]
    assert codes(completed(served, items)[0]) == {"ChatDoctor,CUT": "truncated"}
    assert completed(served, items, complete__cut=True)[0].rows[0].text == "The first half of a sen"


def test_every_instruction_has_one_verdict(served: Served, encoder_here: None) -> None:
    served.oracle.truth = {"answers": {"case": "Beta"}}
    served.oracle.biases = Biases(error=0.5)
    items = [exam(f"MedQA,{n}", f"Which drug helps in case {n}?", ["Alpha", "Beta", "Gamma"], "ABC"[n % 3])
             for n in range(30)]
    done, _ = completed(served, items, complete__contested=2)
    assert list(done.verdicts) == [i.id for i in items]
    counts = Counter(v.code for v in done.verdicts.values())
    assert set(counts) == {"accepted", "key_mismatch", "contested"} and sum(counts.values()) == 30
    assert counts["accepted"] == len(done.rows)
    assert {c.instruction_id: c.extracted for c in done.rows} == {
        i.id: i.key for i in items if done.verdicts[i.id].code == "accepted"}


@pytest.mark.parametrize("kept", [False, True])
def test_thinking_is_no_part_of_the_completion_and_kept_where_params_say_so(served: Served, kept: bool) -> None:
    served.oracle.truth = truth(rows())
    plain = [c.text for c in completed(served, rows(), complete__format="text")[0].rows]

    def think(body: Body, reply: Body) -> None:
        message = reply["choices"][0]["message"]
        message["content"] = f"<think>The answer is D. No.</think>\n\n{message['content']}"

    served.spoil = think
    done, _ = completed(served, rows(), complete__format="text", complete__keep_thinking=kept, complete__max_tokens=101)
    assert codes(done) == dict.fromkeys(ROWS, "accepted") and [c.text for c in done.rows] == plain
    assert {c.thinking for c in done.rows} == {"The answer is D. No." if kept else None}


def test_thinking_that_does_not_end_is_no_answer(served: Served) -> None:
    def think(body: Body, reply: Body) -> None:
        says(reply, "<think>the user wants", "length")

    served.spoil = think
    done, _ = completed(served, [asked("ChatDoctor,1", "Why do I cough?")], complete__cut=True)
    assert codes(done) == {"ChatDoctor,1": "truncated"}


def test_the_share_of_answers_that_reach_the_key_is_kept_as_difficulty(served: Served) -> None:
    served.oracle.truth = truth(rows())
    served.spoil = _errs
    done, client = completed(served, rows(), complete__samples=4)
    assert {c.instruction_id: c.pass_rate for c in done.rows} == {
        "MedQA,1": 1.0, "MedQA,2": 0.5, "MedQA,3": 1.0, "MedQA,4": 1.0}
    assert done.verdicts["MedQA,2"].reason.endswith("; 2 of 4 answers reached the key")
    assert Counter(u.step for u in client.manifest) == {"attempt-1": 16}
    assert len({b["seed"] for b in served.bodies}) == 16
    kept = next(c for c in done.rows if c.instruction_id == "MedQA,2")
    uses = [u.request_key for u in client.manifest if u.row_id == "MedQA,2"]
    assert kept.request_key == uses[0], "the first right answer is the completion"


@pytest.mark.parametrize(("limits", "left", "code"), [
    ({"complete__least_pass_rate": 0.6}, {"MedQA,1", "MedQA,3", "MedQA,4"}, "low_pass_rate"),
    ({"complete__most_pass_rate": 0.9}, {"MedQA,2"}, "high_pass_rate"),
])
def test_items_may_be_kept_by_their_pass_rate(
    served: Served, limits: dict[str, float], left: set[str], code: str
) -> None:
    served.oracle.truth = truth(rows())
    served.spoil = _errs
    done, _ = completed(served, rows(), complete__samples=4, **limits)
    assert {c.instruction_id for c in done.rows} == left
    assert {v.code for i, v in done.verdicts.items() if i not in left} == {code}


def _errs(body: Body, reply: Body) -> None:
    """The second and the fourth answer to one question are wrong."""
    seeds = [seed_of(settings().seed, "complete", "MedQA,2", 1, n) for n in (1, 3)]
    if body["seed"] in seeds:
        says(reply, json.dumps(said(reply) | {"answer": "B"}))


def test_an_open_answer_that_failed_is_tried_again(served: Served) -> None:
    items = [asked("ChatDoctor,1", "Why do I cough?"), asked("ChatDoctor,2", "Why do I sneeze?")]
    first = {seed_of(settings().seed, "complete", "ChatDoctor,1", 1)}
    served.spoil = lambda body, reply: says(reply, "") if body["seed"] in first else None
    done, client = completed(served, items)
    assert codes(done) == {"ChatDoctor,1": "accepted", "ChatDoctor,2": "accepted"}
    assert {c.instruction_id: (c.attempts, c.pass_rate) for c in done.rows} == {
        "ChatDoctor,1": (2, None), "ChatDoctor,2": (1, None)}
    assert [(u.row_id, u.step) for u in client.manifest] == [
        ("ChatDoctor,1", "attempt-1"), ("ChatDoctor,2", "attempt-1"), ("ChatDoctor,1", "attempt-2")]


def test_a_reasoning_that_leads_elsewhere_is_not_accepted(served: Served) -> None:
    """The reader does not see the letter: a right letter below a reasoning for another option is found out."""
    served.oracle.truth = truth(rows())
    told = {"MedQA,1": "More sodium reaches the collecting duct, where potassium is lost (B).",
            "MedQA,2": "Scales that shine silver on an itching lesion mean scabies. Option A."}
    reasons = {ROWS[i][0]: {"reasoning": text, "answer": ROWS[i][2]} for i, text in told.items()}

    def spoil(body: Body, reply: Body) -> None:
        turn = body["messages"][-1]["content"]
        if schema_of(body) == "Explained" and body["seed"] == seed_of(settings().seed, "complete", _id(turn), 1):
            says(reply, json.dumps(reasons.get(_stem(turn), said(reply))))

    served.spoil = spoil
    done, client = completed(served, rows()[:2], complete__check_reasoning=True, complete__attempts=1)
    assert codes(done) == {"MedQA,1": "accepted", "MedQA,2": "reasoning_elsewhere"}
    assert done.verdicts["MedQA,2"].reason == (
        "attempt 1: a reader of the reasoning reached D, the key is A")
    assert {c.reasoning for c in done.rows} == {told["MedQA,1"]}, "the completion itself keeps its letters"
    read = [p for p in served.prompts("Choice") if "Reasoning:" in p]
    assert any("potassium is lost (▢)." in p for p in read) and any("Option ▢." in p for p in read)
    assert Counter(u.step for u in client.manifest) == {"attempt-1": 2, "read-1": 2}


def test_the_next_right_answer_is_read_where_the_first_leads_elsewhere(served: Served) -> None:
    served.oracle.truth = truth(rows())
    bad = json.dumps({"reasoning": "Silvery scales that itch are typical of scabies.", "answer": "A"})
    first = seed_of(settings().seed, "complete", "MedQA,2", 1)
    served.spoil = lambda body, reply: says(reply, bad) if body["seed"] == first else None
    done, client = completed(served, rows()[1:2], complete__check_reasoning=True, complete__samples=3)
    assert codes(done) == {"MedQA,2": "accepted"} and done.rows[0].pass_rate == 1.0
    assert [u.step for u in client.manifest] == ["attempt-1"] * 3 + ["read-1"] * 2
    assert done.rows[0].request_key == [u.request_key for u in client.manifest][1]


def _stem(turn: str) -> str:
    return turn.split("\n\n")[0]


def _id(turn: str) -> str:
    return next((i for i, (stem, *_) in ROWS.items() if stem == _stem(turn)), "")
