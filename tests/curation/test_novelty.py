"""A child that asks something more is new; one that says the same in other words is not, whatever its wording."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from oracle_endpoint import asked, exam, settings

from benchmarks.synthesis import families
from ultramed.curation.dedup import near_duplicates
from ultramed.curation.novelty import growth, least_novelty, novelty
from ultramed.records import Instruction, Message

STEM = ("A 54-year-old man comes to the physician because of shortness of breath and a cough for 3 weeks. His blood "
        "pressure is 150/90 mm Hg. Examination shows swelling of both legs. Which of the following drugs is the most "
        "appropriate next step in management?")
OPTIONS = ["Furosemide", "Metoprolol", "Amlodipine", "Digoxin"]
PARENT = exam("MedQA,1", STEM, OPTIONS, "A")

OBEDIENT = [
    STEM.replace("Which of", "His serum potassium concentration is 2.9 mEq/L. Which of"),
    STEM.replace("Which of", "An echocardiogram shows an ejection fraction of 30 %. Which of"),
    STEM.replace("A 54-year-old man", "A 54-year-old man with gout and a sulfonamide allergy"),
    STEM.replace("a cough", "a productive cough with pink, frothy sputum"),
    STEM.replace("drugs is", "drugs, given intravenously in pulmonary edema, is"),
    STEM.replace("Which of", "He has slept on three pillows since a viral myocarditis last winter. Which of"),
    STEM.replace("drugs is the most appropriate next step in management",
                 "adverse effects of the drug that relieves his congestion is dose-dependent"),
    STEM.replace("Examination shows", "There is no jugular venous distention. Examination shows"),
    STEM.replace("swelling of both legs", "pitting edema to the knees and bibasilar crackles"),
]
COSMETIC = [
    STEM,
    STEM.upper(),
    STEM.replace(". ", ".\n\n"),
    STEM.replace("man", "gentleman").replace("physician", "doctor").replace("comes to", "presents to"),
    STEM.replace("shortness of breath", "dyspnea").replace("swelling", "edema"),
    STEM.replace("blood pressure", "BP").replace("54-year-old", "54 y/o"),
    STEM.replace("3 weeks", "three weeks"),
    STEM.replace("54", "55"),
    STEM.replace("because of", "due to").replace("Examination shows", "On physical examination there is"),
    STEM.replace("Which of the following drugs is the most appropriate", "Which one of these medications is the best"),
    f"Consider the following clinical scenario carefully and choose the single best answer. {STEM}",
    f"{STEM} Think step by step before you select one of the options given.",
    STEM.replace("A 54-year-old man comes to the physician because of",
                 "You are seeing a 54-year-old male patient in the clinic who has been experiencing"),
    "Examination shows swelling of both legs. " + STEM.replace(" Examination shows swelling of both legs.", ""),
]


def child(stem: str, options: list[str] | None = None, key: str = "A") -> Instruction:
    return replace(exam("MedQA-Evol,1-synthetic-1", stem, options or OPTIONS, key), parent=PARENT.id, round=1,
                   family=PARENT.id)


@pytest.mark.parametrize("stem", OBEDIENT)
def test_a_finding_a_constraint_or_a_specific_concept_is_new(stem: str) -> None:
    found = novelty(child(stem), PARENT)
    assert found.enough and len(found.words) >= 2


@pytest.mark.parametrize("stem", COSMETIC)
def test_other_words_for_the_same_are_not_new(stem: str) -> None:
    found = novelty(child(stem), PARENT)
    assert not found.enough, found.words
    assert found.reason.startswith(f"{len(found.words)} new words beside MedQA,1, 2 needed")


def test_other_options_alone_make_no_other_question() -> None:
    closer = ["Furosemide", "Torsemide", "Bumetanide", "Ethacrynic acid"]
    assert not novelty(child(STEM, closer), PARENT).enough
    assert not novelty(child(STEM, OPTIONS[::-1], "D"), PARENT).enough
    # one decisive finding with them is enough
    assert novelty(child(STEM.replace("both legs", "both legs and hearing loss"), closer), PARENT).enough


def test_another_answer_is_another_question_unless_the_old_one_is_still_offered() -> None:
    assert novelty(child(STEM, ["Spironolactone", *OPTIONS[1:]]), PARENT).another_answer
    assert not novelty(child(STEM, ["Spironolactone", *OPTIONS]), PARENT).enough  # one of the two keys is wrong
    assert not novelty(child(STEM, ["Furosemide (intravenous)", *OPTIONS[1:]]), PARENT).enough


def test_open_questions_are_compared_by_their_words_alone() -> None:
    parent = asked("WikiInstruct,Gene_1_1", "Explain how a gene is regulated in bacteria.")
    same = replace(parent, id="x", messages=[Message("user", "Please explain, step by step, how bacterial genes are "
                                                             "regulated.")])
    assert not novelty(same, parent).enough
    more = replace(parent, id="y", messages=[Message("user", "Explain how the lac operon is regulated in bacteria that "
                                                             "lack adenylate cyclase.")])
    assert novelty(more, parent).enough


def test_the_nearest_relative_decides() -> None:
    first = child(OBEDIENT[0])
    second = replace(child(OBEDIENT[0].replace("2.9", "2.8")), id="MedQA-Evol,1-synthetic-2")
    found = least_novelty(second, [PARENT, first])
    assert found and found.of == first.id and not found.enough
    assert least_novelty(second, []) is None
    assert growth(first, PARENT) == 7


def test_curation_keeps_what_evolution_was_asked_to_write() -> None:
    rows = [PARENT, *(replace(child(stem), id=f"MedQA-Evol,1-synthetic-{n}") for n, stem in enumerate(OBEDIENT, 1))]
    assert near_duplicates(rows, settings().dedup) == {}
    strangers = [replace(row, family=row.id) for row in rows]
    assert len(near_duplicates(strangers, settings().dedup)) > 3, "by wording alone most of them are duplicates"


def test_curation_drops_a_relative_that_only_rewords() -> None:
    reworded = [replace(child(stem), id=f"MedQA-Evol,1-synthetic-{n}") for n, stem in enumerate(COSMETIC[3:7], 1)]
    rows = [PARENT, *reworded]
    found = near_duplicates(rows, settings().dedup)
    assert set(found) == {row.id for row in rows[1:]}
    assert "a relative without enough new words" in found[rows[1].id].reason


@pytest.mark.skipif("ULTRAMED_REALDATA" not in os.environ, reason="ULTRAMED_REALDATA is not set")
def test_on_real_stems_obedient_children_stay_and_cosmetic_ones_fall() -> None:
    """Planted: 400 children with one more sentence, 400 that only reword or pad."""
    found = list(families(Path(os.environ["ULTRAMED_REALDATA"]), 400))
    kept = sum(novelty(f.obedient, f.parent).enough for f in found)
    dropped = sum(not novelty(f.cosmetic, f.parent).enough for f in found)
    assert kept >= 0.95 * 400 and dropped >= 0.95 * 400, (kept, dropped)


@pytest.mark.parametrize("sentence", [
    "Your patient also has cirrhosis and hyponatremia", "She answers questions slowly and has bradycardia and myxedema",
    "He is no candidate for surgery because of severe emphysema",
    "A letter from his cardiologist mentions amiodarone and torsades",
])
def test_a_finding_counts_whatever_everyday_words_stand_with_it(sentence: str) -> None:
    assert novelty(child(STEM.replace("Which of", f"{sentence}. Which of")), PARENT).enough
