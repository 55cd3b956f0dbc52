"""Evolution round by round: ids, parents, families, verified keys, and what becomes of unusable drafts."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from oracle_endpoint import Body, Served, asked, exam, said, says, schema_of, settings

from ultramed.curation.solve import panel
from ultramed.inference.client import Client, connect
from ultramed.params import EvolveSet, SetName
from ultramed.prompts import render
from ultramed.records import Instruction
from ultramed.synthesis.evolve import EXAM_METHODS, OPEN_METHODS, _ids, evolve
from ultramed.synthesis.verification import Settled

OPTIONS = ["Metformin", "Insulin", "Glipizide", "Acarbose"]


def parents(count: int, prefix: str = "MedQA", source: str = "medqa", **more: Any) -> list[Instruction]:
    stem = "Which drug is right for patient {}?"
    return [exam(f"{prefix},{n}", stem.format(n), OPTIONS, "ABCD"[n % 4], source=source, **more)
            for n in range(1, count + 1)]


def truth(rows: list[Instruction], **more: Any) -> dict[str, Any]:
    return {"answers": {i.question: OPTIONS["ABCD".index(i.key)] for i in rows if i.key}} | more


def evolved(
    served: Served, rows: list[Instruction], name: SetName = "medqa", rounds: int = 1, variants: int = 1, **changes: Any
) -> tuple[Settled, Client]:
    usual = {f"evolve__sets__{name}": {"rows": "-", "parents": None, "rounds": rounds, "variants": variants},
             "evolve__verifiers": 3, "evolve__agree": 2, "evolve__tries": 2, "evolve__max_tokens": 400,
             "evolve__growth": 60}
    given, stage = settings(served.address, **usual | changes), f"evolve@{name}"
    with connect("oracle", stage, given) as client, panel(given.evolve.verifier, stage, given, client) as jury:
        return evolve(client, jury, name, rows, given), client


def test_two_rounds_keep_ids_parents_and_families(served: Served) -> None:
    rows = parents(2)
    served.oracle.truth = truth(rows)
    made, client = evolved(served, rows, rounds=2, variants=2)
    # of two parents: 2 children each in round 1, then 2 of each child
    assert [(i.id, i.parent, i.round) for i in made.rows if i.family == "MedQA,1"] == [
        ("MedQA-Evol,1-synthetic-1", "MedQA,1", 1), ("MedQA-Evol,1-synthetic-2", "MedQA,1", 1),
        ("MedQA-Evol,1-synthetic-3", "MedQA-Evol,1-synthetic-1", 2),
        ("MedQA-Evol,1-synthetic-4", "MedQA-Evol,1-synthetic-1", 2),
        ("MedQA-Evol,1-synthetic-5", "MedQA-Evol,1-synthetic-2", 2),
        ("MedQA-Evol,1-synthetic-6", "MedQA-Evol,1-synthetic-2", 2)]
    assert len(made.rows) == 12 == len({i.id for i in made.rows}) == len(made.verdicts)
    assert {(i.source, i.synthetic, i.category, i.reference) for i in made.rows} == {("medqa_evol", True, "exam", None)}
    assert {i.family: _right(i) for i in made.rows} == {"MedQA,1": "Insulin", "MedQA,2": "Glipizide"}
    assert all(v.reason.startswith("try 1: ") and "; 3 of 3 solvers found the key" in v.reason for v in made.verdicts)
    assert [(d.votes, d.for_key, d.against) for d in made.drafts] == [(3, 3, 0)] * 12
    assert all(d.method in EXAM_METHODS and d.new_words and d.growth for d in made.drafts)
    grandchild = made.rows[-1]
    assert grandchild.question.count("In the case with added finding") == 2
    assert grandchild.origin == f"evolved from {grandchild.parent}"
    assert Counter(u.step for u in client.manifest) == {
        "evolve": 12, "verify-1": 12, "verify-2": 12, "verify-3": 12}


@pytest.mark.parametrize(("prefix", "source", "name", "child"), [
    ("MedQA", "medqa", "medqa", ("MedQA-Evol,1-synthetic-1", "medqa_evol")),
    ("TextBookQA", "textbookqa", "textbook", ("TextBookQA,1-synthetic-1", "textbookqa")),
])
def test_one_source_alone_has_a_data_set_of_its_own(
    served: Served, prefix: str, source: str, name: SetName, child: tuple[str, str]
) -> None:
    rows = parents(1, prefix, source)
    served.oracle.truth = truth(rows)
    made, _ = evolved(served, rows, name)
    assert [(i.id, i.source) for i in made.rows] == [child]


def test_children_with_a_wrong_key_are_dropped_and_have_no_children(served: Served) -> None:
    rows = parents(3)
    served.oracle.truth = truth(rows, broken=[rows[1].question])
    made, _ = evolved(served, rows, rounds=2)
    assert {i.family for i in made.rows} == {"MedQA,1", "MedQA,3"} and len(made.rows) == 4
    verdict, = [v for v in made.verdicts if not v.keep]
    assert (verdict.id, verdict.code) == ("MedQA-Evol,2-synthetic-1", "key_unverified")
    assert verdict.reason.startswith("try 1: ")
    assert verdict.reason.endswith(", 2 needed; 3 agree on another letter") and "; 0 of 3 solvers" in verdict.reason


def _right(item: Instruction) -> str:
    return next(o.text for o in item.options if o.letter == item.key)


def drafts(body: Body, reply: Body, plan: dict[str, list[Any]]) -> None:
    """Change drafts by a plan: parent's question → the reply of each try; None leaves a draft unchanged."""
    if schema_of(body).startswith("Evolved"):
        turn = " ".join(m["content"] for m in body["messages"])
        for question, tries in plan.items():
            if question in turn and tries and (told := tries.pop(0)) is not None:
                says(reply, told if isinstance(told, str) else json.dumps(said(reply) | told))


SAME = {"A": "Insulin", "B": "insulin", "C": "Glipizide", "D": "Acarbose"}


@pytest.mark.parametrize(("flawed", "code", "outcome"), [
    ({"question": "Which drug is right for patient 1?"}, "unchanged", "dropped"),
    ({"question": "Which drug does the original question suggest for him?"}, "meta_words", "dropped"),
    ({"options": SAME}, "repeated_option", "dropped"),
    ({"answer": "F"}, "invalid", "quarantined"),
    ("no object at all", "unreadable", "quarantined"),
    ("", "empty", "quarantined"),
])
def test_an_unusable_draft_is_tried_again_with_another_seed(
    served: Served, flawed: Any, code: str, outcome: str
) -> None:
    rows = parents(2)
    served.oracle.truth = truth(rows)
    twice = 2 if code in ("invalid", "unreadable") else 1  # these are first requested again within the same try
    served.spoil = lambda body, reply: drafts(body, reply, plan)
    plan = {rows[0].question: [flawed] * twice}
    made, client = evolved(served, rows)
    assert [v.reason.split(":")[0] for v in made.verdicts] == ["try 2", "try 1"] and len(made.rows) == 2
    first, second = [b for b in served.bodies if schema_of(b) == "EvolvedExam" and rows[0].question in str(b)][:: twice]
    assert first["seed"] != second["seed"] and first["messages"] == second["messages"]
    steps = [u.step for u in client.manifest if u.row_id == "MedQA-Evol,1-synthetic-1"]
    assert steps == ["evolve", *["evolve-again"][: twice - 1], "evolve-2", "verify-1", "verify-2", "verify-3"]

    plan = {rows[0].question: [flawed] * 2 * twice}
    made, _ = evolved(served, rows, evolve__temperature=0.5)
    assert [i.family for i in made.rows] == ["MedQA,2"]
    verdict, = [v for v in made.verdicts if not v.keep]
    assert (verdict.id, verdict.outcome, verdict.code) == ("MedQA-Evol,1-synthetic-1", outcome, code)
    assert verdict.reason.startswith("try 2: ")


def test_a_copied_worked_example_is_no_draft(served: Served) -> None:
    rows = parents(1)
    served.oracle.truth = truth(rows)
    example = json.loads(next(t for r, t in render("evolve-exam", methods=[""], question="", key="", growth=1).messages
                              if r == "assistant"))
    served.spoil = lambda body, reply: drafts(body, reply, {rows[0].question: [example] * 2})
    made, _ = evolved(served, rows, evolve__tries=1)
    assert [v.code for v in made.verdicts] == ["unchanged"] and not made.rows


def test_open_questions_need_no_solver(served: Served) -> None:
    made, client = evolved(
        served, [asked("WikiInstruct,Gene_1_1", "Explain how a gene is read.", source="wikiinstruct")], "wikipedia")
    assert [i.id for i in made.rows] == ["WikiInstruct,Gene_1_1-synthetic-1"] and made.rows[0].key is None
    assert made.rows[0].question.startswith("With the added constraint")
    assert made.verdicts[0].reason.startswith("try 1: ") and made.verdicts[0].reason.endswith("; open question")
    assert [u.step for u in client.manifest] == ["evolve"]


def test_methods_are_drawn_for_each_row(served: Served) -> None:
    rows = parents(30)
    served.oracle.truth = truth(rows)
    evolved(served, rows)
    used = {p.split("Method: ")[1].splitlines()[0] for p in served.prompts("EvolvedExam")}
    assert used == set(EXAM_METHODS.values()) and len(OPEN_METHODS) == 5


def test_parents_are_drawn_and_rights_only_narrow(served: Served) -> None:
    rows = parents(9, rights="recipe")
    served.oracle.truth = truth(rows)
    given: dict[str, Any] = {"rows": "-", "parents": 3, "rounds": 1, "variants": 1}
    made, _ = evolved(served, rows, evolve__sets__medqa=given)
    assert len(made.rows) == 3 and {i.rights for i in made.rows} == {"recipe"}
    again, _ = evolved(served, rows[::-1] + parents(1, "Other"), evolve__sets__medqa=given | {"parents": 4})
    assert {i.id for i in made.rows} <= {i.id for i in again.rows} | {"Other,1-synthetic-1"}  # the others stay the same


@pytest.mark.parametrize("variants", [1, 2, 3])
def test_ids_never_collide_over_rounds_and_variants(variants: int) -> None:
    rules = EvolveSet(rows="-", parents=None, rounds=3, variants=variants)
    for prefix, source in (("MedQA", "medqa"), ("TextBookQA", "textbookqa")):
        current, seen = parents(3, prefix, source), []
        for number in (1, 2, 3):
            jobs = [(p, v) for p in current for v in range(variants)]
            ids = _ids(jobs, number, rules)
            seen += ids
            survivors = zip(ids, jobs, strict=True)
            named = {"medqa": "medqa_evol"}.get(source, source)
            current = [replace(p, id=i, source=named, round=number, parent=p.id, key=None) for i, (p, _) in survivors]
        # a family of v variants has v + v² + v³ rows after three rounds, numbered without a gap
        size = variants + variants**2 + variants**3
        numbers = [int(i.rpartition("-")[2]) for i in seen if ",1-synthetic-" in i]
        assert sorted(numbers) == list(range(1, size + 1))
        assert len(set(seen)) == len(seen) == 3 * size
