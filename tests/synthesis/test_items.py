"""What makes a generated question unusable, and retries."""

import json

import pytest
from oracle_endpoint import Body, Served, asked, exam, says, settings
from pydantic import ValidationError

from ultramed.inference.client import connect
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.prompts import render
from ultramed.records import Option, drop, keep
from ultramed.synthesis.items import Outcome, exam_item, first_usable, flaw, listed, made, open_question, tried
from ultramed.tokens import characters

STEM = "Which spirometric pattern is typical of emphysema in a smoker?"
GOOD = {"question": STEM, "options": {"A": "one", "B": "two", "C": "three", "D": " four "}, "answer": "C"}


def options(*texts: str) -> list[Option]:
    return [Option(letter, text) for letter, text in zip("ABCD", texts, strict=False)]


@pytest.mark.parametrize(("question", "texts", "parent", "code"), [
    ("Why this now?", (), "", "too_short"),
    ("Which SPIROMETRIC pattern is typical, of emphysema in a smoker", (), STEM, "unchanged"),
    ("Which option does the original question favour most?", (), "", "meta_words"),
    ("According to the passage, what causes emphysema here?", (), "", "meta_words"),
    ("Which rewritten item is about emphysema here?", (), "", "meta_words"),
    ("What is the answer to this question?", (), "", "meta_words"),
    ("It may grow by 10 to 20 words and have four options", (), "", "meta_words"),
    (STEM, ("A", "C.", "B", "D"), "", "bare_letters"),
    (STEM, ("A", "B", "AB", "0"), "", None),  # blood groups
    (STEM, ("low", "high", "Low.", "none"), "", "repeated_option"),
    (STEM, ("low", "high", " ", "none"), "", "repeated_option"),
    (STEM, ("low", "high", "normal", "none"), "", None),
    (STEM, ("FEV1 ↑, FVC ↓", "FEV1 ↓, FVC ↑", "FEV1 ↓, FVC ↓", "FEV1 ↑, FVC ↑"), "", None),  # signs tell them apart
    (STEM, ("< 70%", "> 70%", "-2", "2"), "", None),
    ("How long is the passage of time until emphysema shows?", (), "", None),
    (STEM, (), "Which pattern is typical of asthma?", None),
])
def test_flaws(question: str, texts: tuple[str, ...], parent: str, code: str | None) -> None:
    found = flaw(question, options(*texts), parent)
    assert (found and found[0]) == code


def test_a_flaw_gives_both_numbers() -> None:
    assert flaw("Why?", []) == ("too_short", "the question has 1 words, at least 4 are needed")
    assert flaw(STEM, options("x", "x", "y", "y")) == ("repeated_option", "4 options, 2 of them different")


def test_written_items_are_read_strictly() -> None:
    kind = exam_item(200)
    assert listed(kind.model_validate(GOOD).options)[3] == Option("D", "four")  # type: ignore[attr-defined]
    room = characters(200)
    for broken in ({"answer": "E"}, {"question": "short"}, {"question": "x" * (room // 2 + 1)},
                   {"options": {"A": "one", "B": "two", "C": "three"}},
                   {"options": {**GOOD["options"], "A": "x" * (room // 12 + 1)}}):  # type: ignore[dict-item]
        with pytest.raises(ValidationError):
            kind.model_validate(GOOD | broken)
    with pytest.raises(ValidationError):
        exam_item(200, flagged=True).model_validate(GOOD)  # says nothing about its passage
    empty = {"question": "", "options": dict.fromkeys("ABCD", ""), "answer": "A"}
    exam_item(200, flagged=True).model_validate({"significant": False, "sufficient": False, **empty})
    with pytest.raises(ValidationError):
        open_question(10).model_validate({"question": "x" * (characters(10) + 1)})


def test_what_is_made_takes_its_parents_place() -> None:
    parent = exam("MedQA,1", STEM, ["a", "b"], "A", reference="because", family="MedQA,0", round=1, parent="MedQA,0")
    child = made(parent, "MedQA,1-synthetic-1", f" {STEM} ", options("c", "d"), "B")
    assert (child.parent, child.family, child.round, child.synthetic) == ("MedQA,1", "MedQA,0", 2, True)
    assert child.question == STEM and child.reference is None and child.key == "B" and child.options[0].text == "c"
    assert child.origin == "evolved from MedQA,1" and child.rights == parent.rights


def first(served: Served, ids: list[str], tries: int) -> tuple[dict[str, Outcome], list[tuple[str, str, str]]]:
    """The result of `first_usable` if the reply "usable" is a draft, and its requests."""
    def request(row_id: str, number: int) -> Request:
        seed, step = tried(1, "write", row_id, number)
        return Request(row_id, step, render("question", question=f"{row_id}!"), Sampling(0.0, 9, seed))

    def read(answer: Answer) -> Outcome:
        row = answer.request.row_id
        if answer.value == "usable":
            return asked(row, "?"), keep(row, "write", "written", "fine")
        return None, drop(row, "write", answer.value, "not fine")

    with connect("oracle", "write", settings(served.address)) as client:
        found = first_usable(client, ids, request, read, tries, "write")
        return found, [(u.row_id, u.step, u.outcome) for u in client.manifest]


def test_only_rows_without_a_draft_are_asked_about_again(served: Served) -> None:
    plan = {"a!": ["usable"], "b!": ["flawed", "flawed", "usable"], "c!": ["flawed"] * 9, "d!": ["not_significant"] * 9}

    def by_plan(body: Body, reply: Body) -> None:
        says(reply, plan[body["messages"][-1]["content"]].pop(0))

    served.spoil = by_plan
    found, uses = first(served, ["a", "b", "c", "d"], 3)
    assert list(found) == ["a", "b", "c", "d"]
    assert [(v.code, v.reason, row is not None) for row, v in found.values()] == [
        ("written", "try 1: fine", True), ("written", "try 3: fine", True), ("flawed", "try 3: not fine", False),
        ("not_significant", "try 1: not fine", False)]  # the model's decision on a passage is final
    assert [u[:2] for u in uses] == [
        ("a", "write"), ("b", "write"), ("c", "write"), ("d", "write"),
        ("b", "write-2"), ("c", "write-2"), ("b", "write-3"), ("c", "write-3")]
    assert len({json.dumps(b) for b in served.bodies}) == 8  # another seed makes another request


def test_one_try_is_one_try(served: Served) -> None:
    served.spoil = lambda _, reply: says(reply, "flawed")
    found, uses = first(served, ["a"], 1)
    assert found["a"][0] is None and len(uses) == 1
    assert first(served, [], 3) == ({}, [])
