"""Readers of open questions: alpaca, conversation, MedQuAD."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed.params import Input
from ultramed.sources.formats import alpaca, conversation, medquad
from ultramed.sources.raw import Broken, RawRow, Row

ANY = Input(format="any")  # these formats have no settings
CONSTANT = "If you are a doctor, please answer the medical questions based on the patient's description."


def parsed(module: Any, folder: Path, row: dict[str, Any]) -> Row:
    (folder / "rows.json").write_text(json.dumps([row]))
    (found,) = module.read(folder, ANY)
    return found


def told(row: Row) -> tuple[Any, ...]:
    """What a test compares: question and reference, or code and outcome."""
    return (row.code, row.outcome) if isinstance(row, Broken) else (row.question, row.reference)


@pytest.mark.parametrize(("row", "expected"), [
    ({"instruction": CONSTANT, "input": "I cough.", "output": "Rest."}, ("I cough.", "Rest.")),
    ({"instruction": "Explain.", "input": "<noinput>", "output": "So."}, ("Explain.", "So.")),
    ({"instruction": "Explain.", "input": "", "output": "So."}, ("Explain.", "So.")),
    ({"instruction": "Classify.", "input": "A cough.", "output": "So."}, ("Classify.\n\nA cough.", "So.")),
    ({"instruction": "Explain.", "difficulty": "1"}, ("Explain.", None)),  # a seed set has no answers
    ({"instruction": "Explain.", "output": " "}, ("answer_missing", "dropped")),
    ({"instruction": CONSTANT, "output": "Rest."}, ("missing_field", "quarantined")),
    ({"instruction": "", "input": "<noinput>", "output": "Rest."}, ("missing_field", "quarantined")),
    ({"input": "I cough.", "output": "Rest."}, ("missing_field", "quarantined")),
    ({"instruction": ["Explain."], "output": "So."}, ("missing_field", "quarantined")),
])
def test_alpaca(tmp_path: Path, row: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert told(parsed(alpaca, tmp_path, row)) == expected


HEAD = "The conversation between human and AI assistant.\n"


@pytest.mark.parametrize(("dialogue", "expected"), [
    (HEAD + "[|Human|] Why?\n[|AI|] Because.", ("Why?", "Because.")),
    (HEAD + "[|Human|] Why?\n[|AI|] Because.\n[|Human|]", ("Why?", "Because.")),
    (HEAD + "[|Human|] Why?\n[|AI|]", ("answer_missing", "dropped")),
    (HEAD + "[|Human|] Why?", ("answer_missing", "dropped")),
    (HEAD + "[|AI|] Because.", ("broken_turns", "quarantined")),
    (HEAD + "[|Human|] Why?\n[|Human|] Why so?\n[|AI|] Because.", ("broken_turns", "quarantined")),
    (HEAD + "[|Human|]\n[|AI|] Because.", ("broken_turns", "quarantined")),
    ("Why? Because.", ("broken_turns", "quarantined")),
    ("", ("missing_field", "quarantined")),
])
def test_conversation(tmp_path: Path, dialogue: str, expected: tuple[Any, ...]) -> None:
    assert told(parsed(conversation, tmp_path, {"Conversation": dialogue})) == expected


def test_conversation_keeps_earlier_turns_and_a_system_text(tmp_path: Path) -> None:
    dialogue = "Be brief.\n[|Human|] One?\n[|AI|] 1\n[|Human|] Two?\n[|AI|] 2"
    row = parsed(conversation, tmp_path, {"Conversation": dialogue})
    assert isinstance(row, RawRow)
    assert [(m.role, m.content) for m in row.messages] == [
        ("system", "Be brief."), ("user", "One?"), ("assistant", "1"), ("user", "Two?")]
    assert row.reference == "2"


def test_conversation_takes_columns_and_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"instruction": ["Explain."], "input": [""], "output": ["So."]}), tmp_path / "a.parquet")
    assert [told(row) for row in conversation.read(tmp_path, ANY)] == [("Explain.", "So.")]


XML = """<?xml version="1.0" encoding="UTF-8"?>
{dtd}<Document id="0000013_2" source="CancerGov"><Focus>Gout</Focus><QAPairs>
<QAPair pid="1"><Question qid="0000013_2-1" qtype="information">What is  (are)
 Gout ?</Question><Answer> A &lt;joint&gt; disease.{entity}
</Answer></QAPair>
<QAPair pid="2"><Question qid="0000013_2-2" qtype="causes">What causes Gout ?</Question><Answer></Answer></QAPair>
</QAPairs></Document>"""


def documents(folder: Path, **texts: str) -> list[Row]:
    (folder / "1_CancerGov_QA").mkdir()
    for name, text in texts.items():
        (folder / "1_CancerGov_QA" / f"{name}.xml").write_text(text)
    return list(medquad.read(folder, ANY))


def test_medquad_pairs(tmp_path: Path) -> None:
    rows = documents(tmp_path, f0000013_2=XML.format(dtd="", entity=""))
    assert [told(r) for r in rows] == [("What is (are) Gout ?", "A <joint> disease."), ("answer_missing", "dropped")]
    assert [r.origin for r in rows] == ["1_CancerGov_QA/f0000013_2.xml:3", "1_CancerGov_QA/f0000013_2.xml:6"]


def test_medquad_documents_that_share_their_qids_stay_apart(tmp_path: Path) -> None:
    """1_CancerGov_QA/0000013_2.xml and 0000013_2_1.xml … both say qid 0000013_2-1."""
    text = XML.format(dtd="", entity="")
    rows = documents(tmp_path, **{"0000013_2": text, "0000013_2_1": text})
    assert [r.key for r in rows] == [f"1_CancerGov_QA/0000013_2{n}" for n in ("-1", "-2", "_1-1", "_1-2")]


@pytest.mark.parametrize("dtd", [
    '<!DOCTYPE Document [<!ENTITY e "lol"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;">]>',
    '<!DOCTYPE Document [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
])
def test_medquad_refuses_declarations_before_they_expand(tmp_path: Path, dtd: str) -> None:
    (row,) = documents(tmp_path, a=XML.format(dtd=dtd, entity="&e;" if "ENTITY" in dtd else ""))
    assert isinstance(row, Broken) and row.code == "broken_xml"
    assert "line 2 declares" in row.reason and "root:" not in row.reason


def test_medquad_malformed_file_is_one_broken_row_and_the_next_file_is_read(tmp_path: Path) -> None:
    text = XML.format(dtd="", entity="")
    rows = documents(tmp_path, a=text[:-20], b=text)
    assert [told(r)[0] for r in rows] == ["broken_xml", "What is (are) Gout ?", "answer_missing"]
    assert rows[0].key == "1_CancerGov_QA/a"


def test_real_medquad(training: Path) -> None:
    rows = list(medquad.read(training / "MedQuAD", ANY))
    answered = {name: sum(isinstance(r, RawRow) for r in rows if r.key.startswith(name + "/"))
                for name in {r.key.split("/")[0] for r in rows}}
    assert answered == {  # realdata/README
        "1_CancerGov_QA": 729, "4_MPlus_Health_Topics_QA": 981, "5_NIDDK_QA": 1192, "9_CDC_QA": 270,
        "12_MPlusHerbsSupplements_QA": 0}
    unanswered = [r for r in rows if isinstance(r, Broken)]
    assert len(unanswered) == 320
    assert {(r.code, r.outcome) for r in unanswered} == {("answer_missing", "dropped")}
    assert len({r.key for r in rows}) == len(rows)


def test_real_chatdoctor_and_alpacare(training: Path) -> None:
    rows = list(alpaca.read(training / "ChatDoctor", ANY))
    assert len(rows) == 5452  # realdata/README
    assert all(isinstance(r, RawRow) and r.reference and "If you are a doctor" not in r.question for r in rows)
    seeds = list(alpaca.read(training / "AlpaCare", ANY))
    assert len(seeds) == 167  # realdata/README
    assert all(isinstance(r, RawRow) and r.reference is None and "<noinput>" not in r.question for r in seeds)
