"""What counts as a duplicate, which of two rows is kept, and the evidence for it."""

import json
import os
import random
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from curation_rows import DEDUP, row, settings

from ultramed.curation.dedup import clusters, drop_duplicates, exact_duplicates, looser, near_duplicates, prioritised
from ultramed.records import Instruction, Message

VIGNETTE = (
    "A 45-year-old man comes to the emergency department because of crushing chest pain that began while he was"
    " shovelling snow. He takes amlodipine 5 mg for hypertension. Pulse is 96/min and blood pressure is 150/90 mm Hg."
    " An ECG shows ST elevation in the inferior leads on the right side."
    " Which of the following is the most likely cause of his symptoms?"
)
OPTIONS = ["Rupture of a plaque", "Dissection of the aorta", "Spasm of an artery", "Inflammation of the pericardium"]


def changed(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def triples(text: str) -> list[tuple[str, ...]]:
    found = re.findall(r"[a-z0-9]+", text.lower())
    return [tuple(found[n : n + 3]) for n in range(len(found) - 2)]


def test_exact_duplicates_ignore_writing_and_the_order_of_options() -> None:
    rows = [
        row("a,1", "What is gout?", ["Uric acid", "Calcium"], "A"),
        row("a,2", "  what is GOUT ", ["calcium.", "uric acid"], "B"),
        row("a,3", "What is gout?", ["Uric acid", "Oxalate"], "A"),
        row("a,4", "What is gout?"),
    ]
    assert exact_duplicates(rows) == {"a,2": "a,1"}


def test_a_dialogue_with_another_history_is_another_question() -> None:
    before = [Message("user", "I have gout."), Message("assistant", "Since when?")]
    other = [Message("user", "I have angina."), Message("assistant", "Since when?")]
    rows = [row("a", "For 2 years."), row("b", "For 2 years.", history=before), row("c", "For 2 years.", history=other)]
    assert exact_duplicates(rows) == {}


def test_near_duplicate_names_the_kept_row_and_the_similarity() -> None:
    again = changed(VIGNETTE, ("because of", "with"), ("while he was shovelling", "while he was clearing"))
    found = near_duplicates([row("q,1", VIGNETTE, OPTIONS, "A"), row("q,2", again, OPTIONS[::-1], "D")], DEDUP)["q,2"]
    one, two = (set(triples(f"{text} {' '.join(sorted(OPTIONS))}")) for text in (VIGNETTE, again))
    # "because of", two words replaced by one, removes 4 shingles and adds 3; the other word removes 3 and adds 3
    assert (len(one - two), len(two - one)) == (7, 6)
    assert found.similarity == len(one & two) / len(one | two) == (len(one) - 7) / (len(one) + 6)
    assert found.reason == f"near-duplicate of q,1: word shingles {found.similarity:.2f} alike; from 0.80"


@pytest.mark.parametrize(
    "pairs",
    [
        [("5 mg", "50 mg")],
        [("most likely", "least likely")],
        [("right side", "left side")],
        [("because of crushing", "without crushing")],
        [("ST elevation", "ST depression"), ("150/90", "90/60")],
        [("man", "woman"), ("he", "she"), ("his", "her")],
    ],
)
def test_one_word_can_make_another_question(pairs: list[tuple[str, str]]) -> None:
    rows = [row("q,1", VIGNETTE, OPTIONS, "A"), row("q,2", changed(VIGNETTE, *pairs), OPTIONS, "A")]
    assert near_duplicates(rows, DEDUP) == {}


def test_the_same_stem_with_other_options_is_another_question() -> None:
    other = ["Heparin", "Aspirin", "Alteplase", "Morphine"]
    assert near_duplicates([row("q,1", VIGNETTE, OPTIONS, "A"), row("q,2", VIGNETTE, other, "B")], DEDUP) == {}
    doses = [["5 mg", "10 mg", "20 mg", "40 mg"], ["5 mg", "10 mg", "20 mg", "80 mg"]]
    assert near_duplicates([row(f"q,{n}", VIGNETTE, o, "A") for n, o in enumerate(doses)], DEDUP) == {}


def test_reworded_exam_items_are_known_by_options_and_key() -> None:
    causes = ["Uterine atony", "Cervical laceration", "Uterine inversion", "Inherited coagulation disorder"]
    one = row(
        "m,1", "What is the most common cause of primary postpartum haemorrhage after vaginal delivery?", causes, "A"
    )
    two = row(
        "m,2",
        "Which of the following is the commonest cause of primary post-partum hemorrhage following vaginal delivery?",
        causes[::-1],
        "D",
    )
    assert near_duplicates([one, two], DEDUP)["m,2"].measure == "same options and key, letters of the stems"
    assert near_duplicates([one, replace(two, key="A")], DEDUP) == {}
    secondary = changed(two.question, ("primary", "secondary"))
    assert near_duplicates([one, replace(two, messages=[Message("user", secondary)])], DEDUP) == {}


def test_questions_nearly_alike_with_the_same_answer() -> None:
    answer = (
        "Paracetamol relieves pain and fever but hardly inflammation, ibuprofen all three of them; mind the stomach."
    )
    one = row(
        "o,1",
        "Compare paracetamol and ibuprofen for an adult with short-lived pain: what each is good for, the main risks,"
        " and who should avoid it.",
        reference=answer,
    )
    two = row(
        "o,2",
        "Compare paracetamol with ibuprofen for an adult with short-lived pain: what each is good for, its main risks,"
        " and who should avoid it.",
        reference=answer,
    )
    # 24 words, 22 shingles; the two changed words remove 6 and add 6: 16 / (22 + 6) = 0.57, below 0.8, above 0.55
    found = near_duplicates([one, two], DEDUP)["o,2"]
    assert (round(found.similarity, 2), round(found.threshold, 2)) == (0.57, 0.55)
    assert (
        near_duplicates(
            [one, replace(two, reference="Ask a pharmacist, who knows about such things much more.")], DEDUP
        )
        == {}
    )


def test_templates_do_not_make_duplicates() -> None:
    """MedQuAD's questions; their answers are templates too."""
    answer = "This condition is inherited in an autosomal recessive pattern: both copies of the gene have mutations."
    names = ["Astrocytomas", "Ependymoma", "Craniopharyngioma", "Hepatitis A", "Hepatitis B"]
    asked = [f"what research (or clinical trials) is being done for Childhood {n} ?" for n in names]
    assert near_duplicates([row(f"t,{n}", q, reference=answer) for n, q in enumerate(asked)], DEDUP) == {}


def test_similarity_does_not_drift_along_chains() -> None:
    """B duplicates A, C duplicates B but is unlike A: A and C are kept."""
    words = [f"w{'abcdefghij'[n // 10]}{'abcdefghij'[n % 10]}" for n in range(60)]
    a, b, c = words[:], words[:], words[:]
    b[10:13], c[10:13], c[40:43] = ["xx", "yy", "zz"], ["xx", "yy", "zz"], ["kk", "mm", "pp"]
    rows = [row(name, " ".join(text)) for name, text in (("A", a), ("B", b), ("C", c))]
    # 58 shingles; three changed words replace 5: A-B 53 / 63 = 0.84; A-C 48 / 68 = 0.71
    found = near_duplicates(rows, DEDUP)
    assert {i: round(d.similarity, 2) for i, d in found.items()} == {"B": 0.84}
    assert clusters(rows, DEDUP) == {"A": "A", "B": "A", "C": "A"}


def test_clusters_hold_what_numbers_part() -> None:
    rows = [
        row("q,1", VIGNETTE),
        row("q,2", changed(VIGNETTE, ("5 mg", "50 mg"))),
        row("q,3", "What is gout?"),
        row("q,4", "what research is being done for Childhood Gout ?"),
        row("q,5", "what research is being done for Childhood Mumps ?"),
    ]
    assert clusters(rows, looser(DEDUP, 0.2)) == {"q,1": "q,1", "q,2": "q,1", "q,3": "q,3", "q,4": "q,4", "q,5": "q,5"}


def test_priority_is_source_then_round_then_number() -> None:
    rows = [
        row("M,10", "x", source="medmcqa"),
        row("M,9", "x", source="medmcqa"),
        row("Z,1", "x", source="wikiinstruct"),
        row("E,1", "x", source="medqa_evol", round_=2),
        row("E,2", "x", source="medqa_evol", round_=1),
        row("Q,1", "x"),
    ]
    ordered = prioritised(rows, ["medqa", "medmcqa"])
    assert [i.id for i in ordered] == ["Q,1", "M,9", "M,10", "E,2", "E,1", "Z,1"]


def test_drop_duplicates_does_not_depend_on_the_order_given() -> None:
    rows = [
        row(f"q,{n}", f"{VIGNETTE} Case of {name}.", OPTIONS, "A", source=s)
        for n, (name, s) in enumerate(
            [("asthma", "medmcqa"), ("asthma", "medqa"), ("gout", "medqa"), ("gout", "medmcqa"), ("mumps", "medmcqa")]
        )
    ]
    rows = [i for i in rows if "mumps" not in i.question] + [row("z,1", "What is mumps?", source="medmcqa")]
    params = settings()
    first, verdicts = drop_duplicates(rows, "screen", params)
    for seed in range(5):
        shuffled: list[Instruction] = random.Random(seed).sample(rows, len(rows))
        kept, others = drop_duplicates(shuffled, "screen", params)
        assert ([i.id for i in kept], sorted(v.id for v in others)) == (
            [i.id for i in first],
            sorted(v.id for v in verdicts),
        )
    assert {v.id: v.code for v in verdicts} == {
        "q,0": "exact_duplicate",
        "q,2": "near_duplicate",
        "q,3": "exact_duplicate",
    }
    assert "q,1" in next(v.reason for v in verdicts if v.id == "q,0")


def test_the_same_question_with_another_answer_is_not_thrown_away_unseen() -> None:
    asked, first = "What causes gout?", "Crystals of sodium urate in a joint."
    rows = [row("q,1", asked, reference=first), row("q,2", asked, reference="Too much uric acid in the blood."),
            row("q,3", asked, reference="Crystals  of sodium urate in a joint"), row("q,4", asked)]
    verdicts = {v.id: v for v in drop_duplicates(rows, "screen", settings())[1]}
    assert {i: v.code for i, v in verdicts.items()} == {
        "q,2": "other_answer", "q,3": "exact_duplicate", "q,4": "exact_duplicate"}
    # 7 words each (too much uric acid in the blood; crystals of sodium urate in a joint), only "in" in both: 1 of 13
    assert verdicts["q,2"].reason == (
        "same question as q,1, another answer: 7 words, 0.08 alike; the kept one has 7 words")


def test_exact_duplicates_with_other_keys_say_so() -> None:
    rows = [row("q,1", VIGNETTE, OPTIONS, "A"), row("q,2", VIGNETTE, OPTIONS, "B")]
    [verdict] = drop_duplicates(rows, "screen", settings())[1]
    assert verdict.reason == "same question and options as q,1: 1.00 alike; exact from 1.00; their keys differ"


def test_real_dialogues_and_articles_lose_no_question_of_their_own() -> None:
    """Read one by one: of 5,452 generated dialogues 9 repeat another verbatim, 3 except for the greeting; MedQuAD's
    templates ("What are the symptoms of …", 3,037 different questions) hold no near-duplicate."""
    if not (root := os.environ.get("ULTRAMED_REALDATA")):
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files on this machine")
    training = Path(root) / "01_training_sources"
    dialogues = json.loads((training / "ChatDoctor/chatdoctor5k.json").read_text())
    files = sorted((training / "MedQuAD").glob("*/*.xml"))
    pairs = [pair for path in files for pair in ET.parse(path).getroot().iter("QAPair")]
    sets = {
        "chatdoctor": [row(f"c,{n}", r["input"], reference=r["output"]) for n, r in enumerate(dialogues)],
        "medquad": [
            row(f"m,{n}", p.findtext("Question") or "", reference=p.findtext("Answer")) for n, p in enumerate(pairs)
        ],
    }
    counts = {}
    for name, rows in sets.items():
        same = exact_duplicates(rows)
        counts[name] = len(same), len(near_duplicates([i for i in rows if i.id not in same], DEDUP))
    assert counts == {"chatdoctor": (9, 3), "medquad": (3492 - 3037, 0)}
