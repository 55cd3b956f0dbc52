"""Exam items from passages: the passage is named, never copied; what is not worth examining gives no item."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from oracle_endpoint import Served, exam, said, says, settings

from ultramed import tables
from ultramed.curation.solve import panel
from ultramed.errors import SourceError
from ultramed.inference.client import Client, connect
from ultramed.records import Instruction, as_dict
from ultramed.synthesis.textbook import Passage, passages, write_items
from ultramed.synthesis.verification import Settled

CORPUS = [Passage(f"Physiology_Primer_{n}", f"Passage {n} tells of a renal threshold for glucose near {180 + n}.")
          for n in range(6)]


def demonstrations(count: int = 5, **more: Any) -> list[Instruction]:
    return [exam(f"MedQA,{n}", f"Which sign belongs to syndrome {n}?", ["w", "x", "y", "z"], "C", **more)
            for n in range(count)]


def written(served: Served, corpus: list[Passage] = CORPUS, **changes: Any) -> tuple[Settled, Client]:
    usual = {"textbook__paragraphs": None, "textbook__demonstrations": 3, "textbook__tries": 3,
             "textbook__demonstration_sets": None, "textbook__rights": "open", "textbook__blind": 0,
             "evolve__verifiers": 2, "evolve__agree": 2}
    given = settings(served.address, **usual | changes)
    with connect("oracle", "textbook", given) as client, panel(["oracle"], "textbook", given, client) as jury:
        return write_items(client, jury, corpus, demonstrations(), given), client


def test_every_passage_becomes_an_item_or_a_verdict(served: Served) -> None:
    served.oracle.truth = {"barren": ["Passage 1 ", "Passage 4 "]}
    made, client = written(served)
    assert [i.id for i in made.rows] == [f"TextBookQA,Physiology_Primer_{n}" for n in (0, 2, 3, 5)]
    assert [(v.id[-1], v.outcome, v.code) for v in made.verdicts] == [
        ("0", "kept", "written"), ("1", "dropped", "not_significant"), ("2", "kept", "written"),
        ("3", "kept", "written"), ("4", "dropped", "not_significant"), ("5", "kept", "written")]
    assert made.verdicts[1].reason == "try 1: the model calls passage Physiology_Primer_1 not significant"
    assert Counter(u.step for u in client.manifest) == {"textbook": 6, "verify-1": 4, "verify-2": 4}  # no second try
    assert made.verdicts[0].reason.endswith(f"2 of 2 solvers found the key {made.rows[0].key}, 2 needed")
    row = made.rows[0]
    assert (row.source, row.category, row.synthetic, row.family, row.round) == ("textbookqa", "exam", True, row.id, 0)
    assert row.key in "ABCD" and len(row.options) == 4


def test_the_passage_is_named_and_never_copied(served: Served) -> None:
    made, _ = written(served)
    passage = CORPUS[0]
    assert any(passage.text in p for p in served.prompts("TextbookItem"))
    assert made.rows[0].origin == (
        f"textbook passage Physiology_Primer_0, sha256 {passage.hash}, characters 0-{len(passage.text)}")
    kept = json.dumps([[as_dict(i) for i in made.rows], [as_dict(v) for v in made.verdicts]])
    assert not any(p.text in kept or "renal threshold" in kept for p in CORPUS)


def test_three_demonstrations_stand_before_the_passage(served: Served) -> None:
    written(served)
    shown = set()
    for prompt in served.prompts("TextbookItem"):
        before = [json.loads(line) for line in prompt.split("Passage:")[0].splitlines() if line.startswith("{")]
        assert all((b["answer"], b["options"]["C"]) == ("C", "y") for b in before)
        examples = [d for d in demonstrations() if d.question in [b["question"] for b in before]]
        assert len(examples) == 3 and "Example 3:" in prompt and "Example 4:" not in prompt
        shown |= {d.id for d in examples}
    assert len(shown) > 3  # each passage has its own draw


def test_a_demonstration_shows_all_its_options_with_the_key_among_them(served: Served) -> None:
    given = settings(served.address, textbook__paragraphs=1, textbook__demonstrations=1, textbook__rights="open")
    five = exam("MedQA,9", "Which sign belongs to syndrome 9?", ["v", "w", "x", "y", "z"], "E")
    with connect("oracle", "textbook", given) as client, panel(["oracle"], "textbook", given, client) as jury:
        write_items(client, jury, CORPUS, [five], given)
    (shown,) = [line for line in served.prompts("TextbookItem")[0].splitlines() if line.startswith("{")]
    item = json.loads(shown)
    assert item["options"][item["answer"]] == "z"


def test_passages_may_share_a_set_of_demonstrations(served: Served) -> None:
    written(served, textbook__demonstration_sets=1)
    assert len({prompt.split("Passage:")[0] for prompt in served.prompts("TextbookItem")}) == 1


def test_a_demonstration_copied_is_no_item(served: Served) -> None:
    copied = {"question": "Which sign belongs to syndrome 1?", "options": dict(zip("ABCD", "wxyz", strict=True))}
    served.spoil = lambda _, reply: says(reply, json.dumps(said(reply) | copied))
    made, _ = written(served, CORPUS[:1], textbook__demonstrations=5)
    assert made.rows == [] and made.verdicts[0].code == "unchanged"


def test_rights_are_those_of_books_and_model_and_prompts_carry_the_examples(served: Served) -> None:
    assert {i.rights for i in written(served, textbook__rights="research")[0].rows} == {"research"}
    given = settings(served.address)
    with (connect("oracle", "textbook", given) as client, panel(["oracle"], "textbook", given, client) as jury,
          pytest.raises(Exception, match="rights 'quarantine'")):
        write_items(client, jury, CORPUS, demonstrations(rights="quarantine"), given)


def test_a_draw_of_passages_is_stable(served: Served) -> None:
    three = {i.id for i in written(served, textbook__paragraphs=3)[0].rows}
    assert len(three) == 3
    assert three <= {i.id for i in written(served, CORPUS[::-1], textbook__paragraphs=4)[0].rows}


def test_a_flawed_draft_is_tried_again_and_every_reply_is_in_the_manifest(served: Served) -> None:
    same: dict[str, Any] = {"options": dict.fromkeys("ABCD", "the same")}
    plan = {"Passage 0 ": [same, same, None], "Passage 1 ": [same] * 9, "Passage 2 ": [{"sufficient": False}]}

    def spoil(body: dict[str, Any], reply: dict[str, Any]) -> None:
        for mark, tries in plan.items():
            if mark in body["messages"][-1]["content"] and tries and (told := tries.pop(0)):
                says(reply, json.dumps(said(reply) | told))

    served.spoil = spoil
    made, client = written(served, CORPUS[:3])
    assert [(v.code, v.reason.split(";")[0]) for v in made.verdicts] == [
        ("written", "try 3: from passage Physiology_Primer_0"),
        ("repeated_option", "try 3: 4 options, 1 of them different"),
        ("not_sufficient", "try 1: the model calls passage Physiology_Primer_2 not sufficient")]
    assert [(u.row_id[-1], u.step) for u in client.manifest if not u.step.startswith("verify")] == [
        ("0", "textbook"), ("1", "textbook"), ("2", "textbook"), ("0", "textbook-2"), ("1", "textbook-2"),
        ("0", "textbook-3"), ("1", "textbook-3")]
    assert len({b["seed"] for b in served.bodies}) == 9  # two solvers of the one item


def test_books_are_read_line_by_line(tmp_path: Path) -> None:
    line = json.dumps({"id": "Book_1", "title": "Book", "content": "one\u2028two \x85 three"}, ensure_ascii=False)
    (tmp_path / "en").mkdir()
    tables.write_text(tmp_path / "en/Book.jsonl", f"{line}\n")
    tables.write_text(tmp_path / "Another.jsonl", line.replace("Book_1", "Another_1"))
    assert list(passages(tmp_path)) == [
        Passage("Another_1", "one\u2028two \x85 three"), Passage("Book_1", "one\u2028two \x85 three")]


@pytest.mark.parametrize("broken", [b"{'id': 1}", b'{"id": "x"}', b'["x"]', b'{"id": "x", "content": "\xff"}', b""])
def test_a_broken_line_names_file_and_line(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "Book.jsonl").write_bytes(b'{"id": "Book_1", "content": "fine"}\n' + broken + b"\n")
    with pytest.raises(SourceError, match=r"Book\.jsonl:2: is not a paragraph \{id, title, content\}"):
        list(passages(tmp_path))


def test_a_full_item_quotes_its_passage_and_the_quote_is_checked(served: Served) -> None:
    def invent(body: dict[str, Any], reply: dict[str, Any]) -> None:
        if "Passage 1 " in body["messages"][-1]["content"] and "evidence" in said(reply):
            says(reply, json.dumps(said(reply) | {"evidence": "Glucose is never reabsorbed by the nephron."}))
        if "Passage 2 " in body["messages"][-1]["content"] and "evidence" in said(reply):
            says(reply, json.dumps(said(reply) | {"evidence": "Passage 2"}))

    served.spoil = invent
    made, _ = written(served, CORPUS[:4], prompts="full", textbook__max_tokens=1024)
    assert [(v.id[-1], v.code) for v in made.verdicts] == [
        ("0", "written"), ("1", "no_evidence"), ("2", "no_evidence"), ("3", "written")]
    assert "its evidence is not in passage Physiology_Primer_1: Glucose is never" in made.verdicts[1].reason
    assert not any("renal threshold" in json.dumps(as_dict(row)) for row in made.rows), "the quote stays out of the row"
    assert "significant" in served.prompts("TextbookItem")[0] and "Most passages of a textbook" in str(served.bodies)
