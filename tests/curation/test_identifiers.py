"""Direct identifiers are found in every usual form, and clinical numbers are not mistaken for them."""

import csv
import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import get_args

import pytest
from curation_rows import row

from ultramed.curation.identifiers import Span, find, identifier
from ultramed.params import Identifier
from ultramed.records import Message

KINDS: tuple[str, ...] = get_args(Identifier)
DIRECT = {
    "email": [
        "write to marge.knee64@example.com because",
        "a_b+c@mail.co.uk",
        "john (at) gmail (dot) com",
        "john.doe at gmail dot com",
    ],
    "phone": [
        "call me on 202-555-0143 or",
        "at (555) 555-0178",
        "or text 555-0119.",
        "Contact: +91 98765 43210",
        "+44 20 7946 0018",
        "my mobile no 9876543210",
        "Phone number: 5552345678",
        "tel 4961234",
        "0161 496 0000",
        "1-212-555-0143",
        "202.555.0143",
    ],
    "url": ["see www.mysite.com/john", "https://blog.example.com/me", "facebook.com/john.doe"],
    "date_of_birth": [
        "DOB: 12-03-1985",
        "born on 5 May 1972",
        "date of birth is March 3, 1990",
        "D.O.B. 1/2/80",
        "born 03/14/1957,",
    ],
    "record_number": [
        "medical record number MRN 00482917",
        "MRN: 1234567",
        "hospital no. 55-12345",
        "NHS number 943 476 5919",
        "patient id AB123456",
        "policy number 123456789",
        "passport number K1234567",
        "Aadhaar no 1234 5678 9012",
    ],
    "person_name": [
        "my name is Harold Quentin Feldsworth,",
        "hi my name is john smith and",
        "MY NAME IS JOHN SMITH",
        "my name's Priya.",
        "My husband's name is Robert",
        "patient: Mary Jane Watson, 45",
        "Patient Name: John O'Neil",
        "Name: Ravi, Age: 30",
        "Name - Ravi Teja Age - 25",
        "I am Sarah Connor, DOB",
        "I'm Jane Doe and I",
        "Mrs. Eleanor Rigby came",
        "Mr. Jones is",
        "Dr. Ramesh Kumar told me",
        "Dr. A. Kumar saw me",
        "This is Michael Brown, I",
        "Many thanks.\nRegards, Anita Desai",
        "Sincerely,\nDr. Anita Desai.",
    ],
    "street_address": [
        "We moved to 418 Larkmoor Street, Apartment 6B",
        "I live at 12 park road, London",
        "123 N. Main St. Springfield",
        "PO Box 123",
        "in Springfield, IL 62704",
        "my address is flat no 12, 45 gandhi nagar",
    ],
    "ssn": ["SSN 123-45-6789", "123-45-6789 is mine", "my social security number is 123456789"],
}
CLINICAL = [
    "BP 120/80, 118/76, 124/79, 131/84 and 119/77, pulse 62 to 70",
    "PMID 99000001; PMID: 12345678; NCT01234567",
    "vitamin B12 200 pg/mL, T4 1.2 ng/dL, TSH 5.555, 5-555 mg, 0.5-1.5 mg 3 times, 500 mg 250 mg 1000 mg",
    "hemoglobin 13.9 g/dL, white cells 6.4, platelets 251, sodium 140, potassium 4.3, creatinine 0.82 mg/dL, LDL 118",
    "platelets 150000-450000 or 150,000-400,000/mm3; viral load 1234567 copies/mL; CD4 350 555 700; 10000000 IU",
    "amlodipine 5 mg since 2019; on 03/14/2019 I had surgery; fever started 12-03-2015; creatinine 1.2 on 2019-03-04",
    "my baby was born at 38 weeks; she was born in 1990; born on monday",
    "age 45 years 3 months, weight 70 kg, height 170 cm",
    "doi:10.1056/NEJM199901, chromosome 7:117559590, CAS 50-78-2, ICD-10 code E11.9, HR 0.75 (95% CI 0.60-0.93)",
    "Parkinson's disease, Bell's palsy, Graves disease, Dr. Parkinson's disease, Hodgkin lymphoma, Crohn's",
    "I am African American, 40. I am Rh Negative, pregnant. I am Type Two diabetic.",
    "Mr imaging, MS patients, MR angiography",
    "Patient: Okay, doctor. Thank you",
    "Patient: What kind of tests do I need?",
    "Dr. Please Help me",
    "Hello Dr. I Have pain",
    "Thanks, Doctor.",
    "Regards, Chat Doctor",
    "my name is not important",
    "the drug name is Metformin Hydrochloride",
    "Drug name: Amoxicillin Clavulanate; Brand name: Tylenol Extra",
    "Ask your Doctor Before Taking this",
    "I'm Feeling Sick.",
    "pulse 70 80 90 100 110; blood sugar 110 150 200 mg; ratio 100-200-3000; 2012 2013 2014",
    "case number 3, IP 123 days",
    "hospital number of beds",
    "live in 2 bedroom house",
    "call 1-800-232-4636",
    "see www.cdc.gov or http://www.nlm.nih.gov/abc",
]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in DIRECT.items() for text in texts])
def test_direct_identifiers_are_found(kind: str, text: str) -> None:
    assert kind in {span.kind for span in find(text, KINDS)}
    assert kind in {span.kind for span in find(f"I have had a cough for 3 weeks. {text}", [kind])}


@pytest.mark.parametrize("text", CLINICAL)
def test_clinical_text_is_no_identifier(text: str) -> None:
    assert find(text, KINDS) == []


def test_spans_cover_the_identifier_alone() -> None:
    text = "Please call 202-555-0143 today"
    assert find(text, ["phone"]) == [Span("phone", 12, 24)]
    assert text[12:24] == "202-555-0143"


def test_only_the_kinds_asked_for() -> None:
    text = "a@example.com, 202-555-0143"
    assert {s.kind for s in find(text, ["email"])} == {"email"}
    with pytest.raises(KeyError):
        find(text, ["fingerprint"])


def test_the_reason_names_kind_and_place_but_not_the_text() -> None:
    found = identifier(row("r", "My knee hurts, call 202-555-0143"), KINDS)
    assert found == ("identifier_phone", "phone at characters 20–32 of the question")


def test_history_options_and_reference_are_searched() -> None:
    history = [Message("user", "I am at 202-555-0143"), Message("assistant", "Noted.")]
    places = {
        "turn 1 (user)": row("r", "And now?", history=history),
        "option B": row("r", "Whom to call?", ["nobody", "a@example.com"], "B"),
        "reference answer": row("r", "Whom to ask?", reference="Regards, Anita Desai"),
    }
    for place, instruction in places.items():
        found = identifier(instruction, KINDS)
        assert found is not None and found[1].endswith(f"of the {place}")
        assert not any(secret in found[1] for secret in ("555-0143", "example", "Desai"))


@pytest.fixture
def real() -> Path:
    if not (root := os.environ.get("ULTRAMED_REALDATA")):
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files on this machine")
    return Path(root)


def _hits(texts: list[str]) -> int:
    return sum(bool(find(text, KINDS)) for text in texts)


def test_false_alarms_on_real_dialogues_and_exams(real: Path) -> None:
    """5,452 generated dialogues and 1,272 exam questions hold no personal identifier: every hit is a false alarm."""
    dialogues = json.loads((real / "01_training_sources/ChatDoctor/chatdoctor5k.json").read_text())
    exams = json.loads((real / "01_training_sources/MedQA_dev/medqa_full_dev.json").read_text())
    tables = sorted((real / "02_mcq_eval/MIRAGE_mmlu_med/rawdata").rglob("*.csv"))
    mmlu = [line for path in tables for line in csv.reader(path.open())]
    assert len(dialogues) == 5452 and len(exams) == 1272 and len(mmlu) == 1089
    assert _hits([f"{r['input']}\n{r['output']}" for r in dialogues]) == 0
    assert _hits(["\n".join([r["question"], *r["options"]]) for r in exams]) == 0
    assert _hits(["\n".join(line) for line in mmlu]) == 0


def test_few_alarms_on_real_articles(real: Path) -> None:
    """Read one by one: the 8 hits among 3,492 MedQuAD pairs are named doctors and offices with address and telephone;
    the one among 500 abstracts is a title in capitals ("Will We Miss Cancers …")."""
    files = sorted((real / "01_training_sources/MedQuAD").glob("*/*.xml"))
    found = [pair for path in files for pair in ET.parse(path).getroot().iter("QAPair")]
    pairs = [f"{pair.findtext('Question')}\n{pair.findtext('Answer') or ''}" for pair in found]
    abstracts = json.loads((real / "01_training_sources/PubMedQA/ori_pqal.non_test_500.json").read_text())
    assert len(pairs) == 3492 and len(abstracts) == 500
    assert _hits(pairs) <= 8
    assert _hits([" ".join([*a["CONTEXTS"], a["QUESTION"], a["LONG_ANSWER"]]) for a in abstracts.values()]) <= 1
