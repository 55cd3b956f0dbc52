"""Each kind of leak, what is not a leak, and reasons without benchmark text."""

import json
import os
import random
from pathlib import Path

import pytest
from curation_rows import LEAKS, benchmark, row

from ultramed.curation.comparison import words
from ultramed.curation.decontaminate import Index
from ultramed.records import Message

VIGNETTE = (
    "A 71-year-old man with end-stage kidney disease is brought in because of weakness for one day. He missed two"
    " sessions of hemodialysis. An ECG shows absent P waves and tall T waves.\nWhich drug is given first?"
)
ABSTRACT = (
    "Exercise intolerance limits daily life in many people with chronic lung disease; we randomly assigned 120 adults"
    " to eight weeks of supervised rehabilitation or to usual care alone."
)
SHORT = "Which intrinsic laryngeal muscle abducts the vocal folds?"


def index() -> Index:
    return Index.from_items(
        [
            benchmark(1, VIGNETTE, options=["Calcium", "Insulin"]),
            benchmark(2, "Does rehabilitation improve walking distance?", ABSTRACT),
            benchmark(3, SHORT, options=["Posterior cricoarytenoid", "Cricothyroid"]),
        ],
        LEAKS,
    )


def test_the_same_question() -> None:
    leak = index().match(row("r", VIGNETTE.upper().replace("\n", "  "), ["Other", "Options"], "A"))
    assert leak is not None and (leak.benchmark_id, leak.kind) == ("bench,1", "equal")


def test_single_line_and_last_lines_are_compared() -> None:
    """Items are not truncated: the last line alone reveals one, and so does a one-line question."""
    assert (leak := index().match(row("r", f"Help me.\n{VIGNETTE.split(' An ECG')[0]}"))) and leak.kind == "ngram"
    assert (leak := index().match(row("r", SHORT))) and leak.benchmark_id == "bench,3"
    ending = "the patient in room 5 had absent P waves and tall T waves. Which drug is given first?"
    words = "absent P waves and tall T waves which drug is given first".split()  # noqa: SIM905
    assert len(words) == 12  # one too few; the word "had" before it differs from "shows"
    assert index().match(row("r", ending)) is None
    assert (leak := index().match(row("r", ending.replace("had", "shows")))) and leak.kind == "ngram"


def test_one_shared_ngram_of_the_context() -> None:
    thirteen = "we randomly assigned 120 adults to eight weeks of supervised rehabilitation or to"
    assert len(thirteen.split()) == LEAKS.ngram
    leak = index().match(row("r", f"In a trial, {thirteen} something else entirely. Discuss."))
    assert leak is not None and (leak.benchmark_id, leak.kind) == ("bench,2", "ngram")
    twelve = thirteen.rsplit(" ", 1)[0]
    assert index().match(row("r", f"In a trial, {twelve} something else entirely. Discuss.")) is None


def test_a_question_behind_a_context() -> None:
    asked = "Context: Nothing in common here.\n\nQuestion: Does rehabilitation improve walking distance?"
    assert (leak := index().match(row("r", asked))) and leak.benchmark_id == "bench,2"


def test_short_questions_by_their_words() -> None:
    # 8 words; "Which" left out: 7 / 8 = 0.88 of all words, content words all the same
    leak = index().match(row("r", "intrinsic laryngeal muscle abducts the vocal folds"))
    assert leak is not None and leak.kind == "similar"
    assert leak.evidence == f"words {7 / 8:.2f} alike; from 0.80"
    # content {intrinsic laryngeal muscle adducts vocal folds}: 5 / 7 = 0.71
    assert index().match(row("r", "Which intrinsic laryngeal muscle adducts the vocal folds?")) is None


def test_frequent_words_alone_make_no_leak() -> None:
    """10 words, 9 of them the same: only the disease differs."""
    asked = "Which of the following is the most common cause of {}?"
    screen = Index.from_items([benchmark(1, asked.format("stroke"))], LEAKS)
    assert screen.match(row("r", asked.format("jaundice"))) is None
    assert screen.match(row("r", asked.format("stroke"))) is not None


def test_boilerplate_of_three_items_is_no_leak() -> None:
    stem = " Which of the following is the most likely diagnosis in this patient at this time of the illness?"
    items = [benchmark(n, f"A {animal} bit her.{stem}") for n, animal in enumerate(["dog", "cat", "rat"])]
    other = row("r", f"He fell off a ladder yesterday.{stem}")
    assert Index.from_items(items, LEAKS).match(other) is None
    assert Index.from_items(items[:2], LEAKS).match(other) is not None


def test_a_stem_of_three_items_needs_their_options() -> None:
    options = [["Asthma", "Gout"], ["Mumps", "Rabies"], ["Scurvy", "Rickets"]]
    screen = Index.from_items([benchmark(n, "All are true except", options=o) for n, o in enumerate(options)], LEAKS)
    assert screen.match(row("r", "All are true except", ["Fever", "Cough"], "A")) is None
    assert (
        leak := screen.match(row("r", "all are TRUE except:", ["Rabies", "Mumps"], "A"))
    ) and leak.benchmark_id == "bench,1"


@pytest.mark.parametrize("text", [f"Example.\nQuestion: {SHORT}\nAnswer: A", f"As is known, {ABSTRACT} So A."])
def test_free_text_references_and_history_are_scanned(text: str) -> None:
    assert index().leaks_text(text) is not None
    assert index().match(row("r", "What is gout?", reference=text)) is not None
    assert (
        index().match(row("r", "And then?", history=[Message("user", text), Message("assistant", "Yes.")])) is not None
    )


def test_free_text_without_leaks() -> None:
    assert index().leaks_text("The vocal folds are moved by small muscles. Give calcium first.") is None
    assert index().leaks_text("") is None


def test_reasons_hold_no_benchmark_text() -> None:
    for text in (VIGNETTE, f"Also {ABSTRACT}", SHORT, "intrinsic laryngeal muscle abducts the vocal folds"):
        leak = index().match(row("r", text))
        assert leak is not None and leak.reason.startswith(f"leaks benchmark item {leak.benchmark_id}: ")
        assert not any(word in leak.reason for word in ("laryngeal", "kidney", "Exercise", "rehabilitation"))


def test_no_benchmarks_no_leaks() -> None:
    assert Index.from_items([], LEAKS).match(row("r", VIGNETTE)) is None


def test_vital_signs_are_boilerplate_whatever_their_numbers() -> None:
    signs = "His temperature is {} C, pulse is {}/min, respirations are {}/min, and blood pressure is {}/80 mm Hg."
    tall, short = signs.format(37, 72, 16, 120), signs.format(38, 104, 22, 150)
    items = [
        benchmark(0, f"He has gout. {tall}"),
        benchmark(1, f"Mumps is seen. {short}"),
        benchmark(2, f"Fell. {tall}"),
    ]
    stranger = row("r", f"She sleeps badly since summer. {tall} What now?")
    assert Index.from_items(items[:1], LEAKS).match(stranger) is not None
    assert Index.from_items(items, LEAKS).match(stranger) is None


def test_a_common_ngram_counts_by_run_share_or_telling_words() -> None:
    """Two of 200 items share a sentence; a 13-word piece of it is weighed by what surrounds it."""
    names = [f"{a}{b}{c}" for a in "bcdfghkl" for b in "aeiou" for c in "mnprs"]
    plain = "the patient is brought in by his wife and she says that he has not been well since he came home from work"
    sentence = plain.split()
    items = [
        benchmark(
            n,
            f"{name} {plain if n < 2 else ' '.join(sorted(sentence))} {name}o {name}a {name}e {name}i {name}u "
            + " ".join(f"{name}{k}t" for k in "aeiou"),
        )
        for n, name in enumerate(names)
    ]
    screen = Index.from_items(items, LEAKS)
    assert len(items) == 200
    piece = " ".join(sentence[:13])
    assert screen.match(row("r", f"{piece} anything else")) is None
    run = screen.match(row("r", " ".join(sentence[:20])))  # 20 words are more than 1.5 x 13
    assert run is not None and "20 words in a row" in run.evidence
    assert screen.match(row("r", " ".join(sentence[:19]))) is None
    share = screen.match(row("r", f"{piece} and then {names[0]} " + " ".join(items[0].question.split()[-10:])))
    assert share is not None and share.benchmark_id == "bench,0"
    telling = " ".join([*sentence[-9:], *items[1].question.split()[len(sentence) + 1 :][:4]])
    assert len(telling.split()) == 13
    assert (leak := screen.match(row("r", f"{telling} whatever"))) and leak.benchmark_id == "bench,1"


@pytest.fixture
def exam() -> list[str]:
    if not (root := os.environ.get("ULTRAMED_REALDATA")):
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files on this machine")
    rows = json.loads((Path(root) / "01_training_sources/MedQA_dev/medqa_full_dev.json").read_text())
    questions = [r["question"] for r in rows]
    random.Random(0).shuffle(questions)
    return questions


def test_two_halves_of_a_real_exam(exam: list[str]) -> None:
    """No question is in both halves: the flagged ones are vignettes that share half of their words, and false alarms.
    By n-grams alone, 144 of 636 (23 %) are flagged."""
    half = len(exam) // 2
    screen = Index.from_items([benchmark(n, q) for n, q in enumerate(exam[half:])], LEAKS)
    grams = {g for q in exam[half:] for g in pieces(q)}
    alone = sum(bool(grams & set(pieces(q))) for q in exam[:half])
    flagged = sum(screen.match(row("r", q)) is not None for q in exam[:half])
    assert (half, alone) == (636, 144)
    assert flagged <= 0.04 * half


def test_excerpts_of_a_real_exam_are_found(exam: list[str]) -> None:
    """40 words of a question inside another one: at least 98 % are found."""
    half = len(exam) // 2
    screen = Index.from_items([benchmark(n, q) for n, q in enumerate(exam[half:])], LEAKS)
    chance, found, tried = random.Random(1), 0, 0
    for question in exam[half:]:
        parts = question.split()
        if len(parts) < 45:
            continue
        start = chance.randrange(len(parts) - 40)
        around = exam[chance.randrange(half)].split()
        tried += 1
        found += screen.match(row("r", " ".join([*around[:30], *parts[start : start + 40], *around[30:]]))) is not None
    assert tried > 600 and found / tried >= 0.98


def pieces(text: str) -> list[str]:
    found = words(text)
    return [" ".join(found[n : n + LEAKS.ngram]) for n in range(len(found) - LEAKS.ngram + 1)]
