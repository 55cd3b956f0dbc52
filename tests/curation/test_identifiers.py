"""Direct identifiers are found in every usual form, and clinical numbers are not mistaken for them."""

import csv
import json
import os
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import get_args

import pytest
from curation_rows import row

from benchmarks.identifiers import counts, rows
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
        "WRITE TO HILDE.VOSS@EXAMPLE.DE",
        "tunde [at] example [dot] org",
        "k.o'dea@example.ie",
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
        "97410 55821",
        "97410-55821",
        "07700900417",
        "0121 496 0733",
        "(0)20 7946 0417",
        "06 39 98 41 17",
        "0151/2345678",
        "+49 (0)151 2345678",
        "0091 97410 55821",
        "+353 1 555 0117",
        "my number is 612 345 678",
        "0300-5551417",
        "whatsapp +234 803 555 0117",
    ],
    "url": ["see www.mysite.com/john", "https://blog.example.com/me", "facebook.com/john.doe",
            "IP 203.0.113.77", "t.me/tunde_runs", "https://patients.example.org/record?id=4417"],
    "date_of_birth": [
        "DOB: 12-03-1985",
        "born on 5 May 1972",
        "date of birth is March 3, 1990",
        "D.O.B. 1/2/80",
        "born 03/14/1957,",
        "DOB: 1961",
        "dob-12/12/1961",
        "born on the fourth of July nineteen sixty-one",
        "Born on the 9th day of May 1961",
        "date of birth: 3rd March '61",
        "Geburtsdatum: 08.04.1961",
        "I was born in May 1961",
        "my birthday is 14 Feb 1961",
        "b. 04/07/1961, allergic",
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
        "MRN: 21-43-65",
        "mrn# 214365",
        "UHID/2021/00417",
        "Policy #: 21436587",
        "Case # 2021-00417",
        "Hosp No K0041722",
        "Reg. no. 21436/18",
        "Medicare ID 1EG4-TE5-MK73",
        "CPF 123.456.789-09",
        "QQ 12 34 56 C",
        "my pacemaker, serial number PJN-600417",
        "Driver license # S123-4567-8901",
        "CNIC 42201-7781234-5",
        "PAN BQXPK4417L",
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
        "Mr FENNIMORE was admitted",
        "Mrs. Želenka has gout",
        "Mr de la Cuesta is",
        "Ms. Ng coughs",
        "dr. fennimore told me to rest",
        "I saw dr thistlewood yesterday",
        "Patient: FENNIMORE, Ada",
        "Fennimore, Ada (DOB 1961)",
        "Пациент Сергей Кузнецов, 55",
        "Patient name: 山田太郎",
        "Mr. 李 has gout",
        "My name is Ольга",
        "my daughter Aoife has eczema",
        "Dear Mrs Fennimore,",
        "Ada Fennimore is a 58-year-old woman",
        "Seen by Dr. Patel",
        "Nurse Fennimore changed the dressing",
        "Next of kin: Margarethe Olbrich",
        "i am rahul and i have acne",
        "Daughter: Melissa Grant",
    ],
    "street_address": [
        "We moved to 418 Larkmoor Street, Apartment 6B",
        "I live at 12 park road, London",
        "123 N. Main St. Springfield",
        "PO Box 123",
        "in Springfield, IL 62704",
        "my address is flat no 12, 45 gandhi nagar",
        "9 Old Mill Court",
        "Lindenstraße 27, 10969 Berlin",
        "18 rue des Lilas, Paris",
        "Calle Mayor 45, Madrid",
        "H.No. 5-9-22, Adarsh Nagar",
        "my postcode is SW1A 4ZZ",
        "Address: 8 Nelson Avenue, Gaborone",
        "D-12, Rosewood Society, Pune",
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
    "Dr. Pepper and Mr. Clean; Dr Oetker, Mrs Dash",
    "Name: Atorvastatin Calcium 20 mg",
    "Name: Gabapentin Enacarbil ER; Name: Basic Metabolic Panel",
    "MS Lesions, Ms Plaques and MR Angiography; DR Screening. It is MS. Lastly, DR Congo",
    "In case no 54321 of the registry a rash was seen",
    "CD4 250-300-4500; doses of 100-200-4000; glucose 100-140-2000",
    "Dr. Jonas Salk developed a vaccine; Sir William Osler; Professor Sigmund Freud",
    "Will we Miss Cancers? I miss School",
    "The Robert Koch Institute, Johns Hopkins Hospital and Guy's Hospital took part",
    "I'm Lactose Intolerant, help. I am Type A. I am Post Op, day 3",
    "see your doctor regularly, and ask the doctor. Anyone may",
    "UniProt accession number P04637, GenBank accession number NM_000546",
    "trial registration number CTRI/2019/01/017000",
    "ISBN 978-0-323-55087-2, NDC 0002-8215-01, ORCID 0000-0002-1825-0097, grant number 81672345",
    "infants born on 1 March 2015 were enrolled; James Parkinson was born on 11 April 1755",
    "The Childline number is 0800 1111; call 404-639-1075 during business hours",
    "write to info@example.org or cdcinfo@cdc.gov",
    "SPSS 25.0.0.1, sections 1.2.3.4; T2N 1M0; vitamin B12 5MG",
    "https://www.example.com/learn/how-long-does-a-cold-last",
    "the 12 Step Way; 10 Minute Walk; 2 Way Street; I live in 3 bed house near a road",
    "Boston, Massachusetts; Georgia, 12 deaths; a man from Puerto Rico presents",
    "Amiodarone, Hyzaar, Dobutamine; Smith J, Patel R, et al.",
    "a 92-year-old woman; Patient 3 in Table 2; Case no. 4: a farmer",
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


@pytest.mark.parametrize("piece", [
    "a.", "A. ", "1-", "Aa ", "Aa, 1 ", "Mr A", "name: A", "my name is ", "Regards, Aa ", "born on the ", "dob 1 ",
    "@", "a dot ", "http://a-", "1 Aa ", "live at 1 a ", "hospital no ", "mrn A-", "tel 1 ", "call me on ", "1:",
    "de la ", "李", "İ",
])
def test_time_grows_with_the_length_alone(piece: str) -> None:
    """100 KB in a few seconds on a busy machine; a backtracking expression would take minutes."""
    began = time.process_time()
    find((piece * 100_000)[:100_000], KINDS)
    assert time.process_time() - began < 10


def test_places_hold_where_small_letters_are_longer() -> None:
    text = "İİİ call 202-555-0143"
    assert find(text, ["phone"]) == [Span("phone", 9, 21)]


@pytest.mark.parametrize("held_out", [False, True])
def test_recall_and_precision_on_the_list(held_out: bool) -> None:
    part = [entry for entry in rows() if entry["held_out"] == held_out]
    total = counts(part)
    listed, found, reported, right = (
        sum(number for key, number in total.items() if key.startswith(f"{what} "))
        for what in ("listed", "found", "reported", "right")
    )
    assert found / listed >= 0.95 and right / reported >= 0.9
    assert total["negatives hit"] / total["negatives"] <= 0.05


def test_the_list_is_long_enough_and_its_spans_hold() -> None:
    everything = rows()
    assert sum(len(row["spans"]) for row in everything) >= 400 and sum(not row["spans"] for row in everything) >= 400
    for entry in everything:
        assert all(0 <= s["start"] < s["end"] <= len(entry["text"]) and s["kind"] in KINDS for s in entry["spans"])


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
    """Read: the one hit among 3,492 MedQuAD pairs is a named public official ("Dr. … of IHS"); abstracts have none."""
    files = sorted((real / "01_training_sources/MedQuAD").glob("*/*.xml"))
    found = [pair for path in files for pair in ET.parse(path).getroot().iter("QAPair")]
    pairs = [f"{pair.findtext('Question')}\n{pair.findtext('Answer') or ''}" for pair in found]
    abstracts = json.loads((real / "01_training_sources/PubMedQA/ori_pqal.non_test_500.json").read_text())
    assert len(pairs) == 3492 and len(abstracts) == 500
    assert _hits(pairs) <= 1
    assert _hits([" ".join([*a["CONTEXTS"], a["QUESTION"], a["LONG_ANSWER"]]) for a in abstracts.values()]) == 0
