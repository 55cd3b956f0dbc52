"""WikiInstruct: domains times subfields times tasks, each grounded in the entry nearest to it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from oracle_endpoint import Body, Served, said, says, settings

from ultramed import tables
from ultramed.errors import SourceError
from ultramed.inference.client import Client, connect
from ultramed.synthesis.verification import Settled
from ultramed.synthesis.wikipedia import Domain, Entry, read_domains, read_entries, write_tasks

pytestmark = pytest.mark.usefixtures("encoder_here")
DOMAINS = [Domain("Cardiology", "The heart and its rhythm."),
           Domain("Dermatology", "The skin.")]
ENTRIES = [Entry("Eczema", "Eczema is an itching inflammation of the skin with redness and blisters."),
           Entry("Atrial fibrillation", "Atrial fibrillation is an irregular heart rhythm of the atria."),
           Entry("Treaty of Utrecht", "The treaty ended a war between European kingdoms in 1713.")]


def tasks(served: Served, domains: list[Domain] = DOMAINS, **changes: Any) -> tuple[Settled, Client]:
    usual = {"wikipedia__domains": None, "wikipedia__subfields": 3, "wikipedia__instructions": 2,
             "wikipedia__max_tokens": 300}
    given = settings(served.address, **usual | changes)
    with connect("oracle", "wikipedia", given) as client:
        return write_tasks(client, domains, ENTRIES, given), client


def test_counts_multiply(served: Served) -> None:
    made, client = tasks(served)
    assert len(made.rows) == len(made.verdicts) == 2 * 3 * 2
    assert [i.id for i in made.rows[:4]] == [
        "WikiInstruct,Cardiology_1_1", "WikiInstruct,Cardiology_1_2", "WikiInstruct,Cardiology_2_1",
        "WikiInstruct,Cardiology_2_2"]
    assert len({i.id for i in made.rows}) == 12 and {(i.source, i.category, i.key) for i in made.rows} == {
        ("wikiinstruct", "open", None)}
    assert Counter(u.step for u in client.manifest) == {"subfields": 2, "tasks": 6}
    assert len(tasks(served, wikipedia__domains=1, wikipedia__subfields=1)[0].rows) == 2


def test_each_subfield_is_grounded_in_the_nearest_entry(served: Served) -> None:
    names = {"Cardiology": ["Arrhythmias", "Fibrillation", "Heart failure"],
             "Dermatology": ["Rashes", "Itching skin", "Skin inflammation"]}

    def spoil(body: Body, reply: Body) -> None:
        if "subfields" in said(reply):
            field = body["messages"][-1]["content"].splitlines()[0].removeprefix("Field: ")
            says(reply, json.dumps({"subfields": names[field]}))

    served.spoil = spoil
    made, _ = tasks(served)
    assert {i.id.split("_")[0]: i.origin for i in made.rows} == {
        "WikiInstruct,Cardiology": "domain Cardiology, grounded in the entry Atrial fibrillation",
        "WikiInstruct,Dermatology": "domain Dermatology, grounded in the entry Eczema"}
    for prompt in served.prompts("Tasks"):
        assert (ENTRIES[1].text in prompt) == ("Field: Cardiology" in prompt)
        assert (ENTRIES[0].text in prompt) == ("Field: Dermatology" in prompt)
        assert "Utrecht" not in prompt


def test_a_context_joins_its_task(served: Served) -> None:
    def spoil(_: Body, reply: Body) -> None:
        if found := said(reply).get("tasks"):
            contexts = ("A man of 60.", " none ")
            says(reply, json.dumps({"tasks": [{**f, "context": c} for f, c in zip(found, contexts, strict=True)]}))

    served.spoil = spoil
    first, second = tasks(served, DOMAINS[:1], wikipedia__subfields=1)[0].rows
    assert first.question.endswith("in detail.\n\nA man of 60.") and second.question.endswith("in detail.")


def test_repeated_subfields_make_verdicts_and_no_tasks(served: Served) -> None:
    def spoil(_: Body, reply: Body) -> None:
        if "subfields" in said(reply):
            says(reply, json.dumps({"subfields": ["Valves", " valves ", "Rhythm"]}))

    served.spoil = spoil
    made, _ = tasks(served, DOMAINS[:1])
    assert [i.id for i in made.rows] == [f"WikiInstruct,Cardiology_{n}_{m}" for n in (1, 2) for m in (1, 2)]
    verdict, = [v for v in made.verdicts if not v.keep]
    assert (verdict.id, verdict.code, verdict.reason) == (
        "WikiInstruct,Cardiology_3", "repeated_subfield", "2 different of 3")


def test_what_came_to_nothing_has_a_verdict(served: Served) -> None:
    def spoil(body: Body, reply: Body) -> None:
        turn = body["messages"][-1]["content"]
        if "Name 3 subfields" in turn and "Dermatology" in turn:
            says(reply, "")
        elif found := json.loads(reply["choices"][0]["message"]["content"]).get("tasks"):
            says(reply, json.dumps({"tasks": [found[0], {**found[1], "instruction": "Rewrite the given text."}]}))

    served.spoil = spoil
    made, _ = tasks(served)
    assert Counter((v.outcome, v.code) for v in made.verdicts) == {
        ("kept", "written"): 3, ("dropped", "meta_words"): 3, ("quarantined", "empty"): 1}
    assert "WikiInstruct,Dermatology" in {v.id for v in made.verdicts}


def test_rights_narrow_to_those_of_the_entries(served: Served) -> None:
    assert {i.rights for i in tasks(served, wikipedia__rights="recipe")[0].rows} == {"recipe"}


def test_files_are_read_and_broken_ones_named(tmp_path: Path) -> None:
    tables.write_text(tmp_path / "a/domains.json", json.dumps([{"name": "X", "description": "Y"}]))
    assert read_domains(tmp_path / "a") == [Domain("X", "Y")]
    line = json.dumps({"title": "T", "text": "one\u2028two"}, ensure_ascii=False)
    tables.write_text(tmp_path / "b/entries.jsonl", f"{line}\n")
    assert read_entries(tmp_path / "b") == [Entry("T", "one\u2028two")]
    tables.write_text(tmp_path / "b/entries.jsonl", f"{line}\n{{\n")
    with pytest.raises(SourceError, match=r"entries\.jsonl:2: is not an entry \{title, text\}"):
        read_entries(tmp_path / "b")
    tables.write_text(tmp_path / "a/domains.json", '[{"name": "X"}]')
    with pytest.raises(SourceError, match=r"domains\.json: is not a list of"):
        read_domains(tmp_path / "a")
    with pytest.raises(SourceError, match="holds no entries; expected at least 1"):
        read_entries(tmp_path / "a")


def test_full_tasks_are_grounded_in_several_entries_found_by_the_subfield_s_description(served: Served) -> None:
    told = "It studies irregular rhythms of the heart and inflammation of the skin around pacemakers."

    def spoil(body: Body, reply: Body) -> None:
        if "subfields" in said(reply):
            fields = [{"name": f"Atrial fibrillation and eczema {n}", "description": told} for n in range(3)]
            says(reply, json.dumps({"subfields": fields}))

    served.spoil = spoil
    made, _ = tasks(served, DOMAINS[:1], prompts="full", wikipedia__passages=2, wikipedia__max_tokens=1024)
    assert len(made.rows) == 6
    (origin,) = {i.origin for i in made.rows}
    assert origin.startswith("domain Cardiology, grounded in the entries ") and origin.count(", ") == 2
    for prompt in served.prompts("Tasks"):
        assert "Background 1:\n" in prompt and "Background 2:\n" in prompt and told in prompt
        assert sum(entry.text in prompt for entry in ENTRIES) == 2


def test_a_context_may_have_a_hundred_words_where_there_is_room(served: Served) -> None:
    long = " ".join(["haemoglobin"] * 60)

    def spoil(body: Body, reply: Body) -> None:
        if "tasks" in said(reply):
            given = said(reply)["tasks"]
            says(reply, json.dumps({"tasks": [task | {"context": long} for task in given]}))

    served.spoil = spoil
    made, _ = tasks(served, DOMAINS[:1], prompts="full", wikipedia__max_tokens=2048)
    assert len(made.rows) == 6 and all(i.question.endswith(long) for i in made.rows)
