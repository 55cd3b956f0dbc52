"""Accuracies and their intervals, against derived or published values."""

import json
import os
import re
import tarfile
from math import sqrt
from pathlib import Path

import pytest

from ultramed.evaluation.metrics import TASKS, Accuracy, Mean, Z, accuracy, by_label, by_task, mean, outcomes
from ultramed.exam import chosen_letter
from ultramed.params import Benchmark
from ultramed.records import AnswerOutcome, Comparison, Prediction
from ultramed.sources.questions import questions

SIZES = {  # published test sets, in the order of the paper's columns
    "medqa_test": 1273, "medmcqa_dev": 4183, "pubmedqa_test": 500, "mmlu_clinical_knowledge": 265,
    "mmlu_medical_genetics": 100, "mmlu_anatomy": 135, "mmlu_professional_medicine": 272, "mmlu_college_biology": 144,
    "mmlu_college_medicine": 173}
PAPER = {  # rows of the UltraMedical deck's main table: nine scores, and the average it prints
    "8B UltraMix + Iterative DPO": ([74.2, 62.7, 79.2, 78.1, 87.0, 76.3, 87.5, 82.6, 69.9], 77.51),
    "8B UltraMix + Iterative KTO": ([74.8, 63.6, 78.8, 77.0, 91.0, 75.6, 83.8, 79.9, 72.3], 77.41),
    "8B UltraMix Best (Ens)": ([76.1, 65.3, 79.0, 77.7, 87.0, 74.8, 87.1, 82.6, 75.1], 78.32),
    "70B UltraMix Best (Ens)": ([85.4, 74.7, 78.8, 89.4, 95.0, 85.2, 92.6, 95.1, 82.1], 86.49),
}
MIRAGE = {  # arXiv 2402.13178, MMLU-Med: accuracy in per cent; unreadable replies count as "A"
    "cot/OpenAI/gpt-35-turbo-16k": 72.91, "cot/OpenAI/gpt-4-32k": 89.44,
    "rag_32/OpenAI/gpt-35-turbo-16k/medcorp/RRF-4": 75.48, "rag_32/OpenAI/gpt-4-32k/medcorp/RRF-4": 87.24,
}
MEDAGENTS = {  # gersteinlab/medagents-benchmark, notebooks: accuracy on AfriMedQA's 32 hard items in per cent
    ("gpt-4o-mini", "mdagents"): 18.8, ("gpt-4o", "mdagents"): 31.2, ("DeepSeek-V3", "mdagents"): 31.2,
    ("gpt-4o-mini", "medagents"): 12.5, ("gpt-4o", "medagents"): 18.8, ("DeepSeek-V3", "medagents"): 21.9,
}


def predictions(
    task: str, right: int, wrong: int = 0, unread: int = 0, why: AnswerOutcome = "unreadable"
) -> list[Prediction]:
    letters = ["A"] * right + ["B"] * wrong + [None] * unread
    return [Prediction(f"{task},{n}@p", f"{task},{n}", task, "p", "greedy", "A", letter,
                       "answered" if letter else why, "", letter == "A") for n, letter in enumerate(letters)]


def comparisons(label: str, right: int, total: int) -> list[Comparison]:
    return [Comparison(f"{label}{n}", label, float(n < right), 0.5, True) for n in range(total)]


def real(path: str) -> Path:
    if not (root := os.environ.get("ULTRAMED_REALDATA")):
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files on this machine")
    return Path(root) / path


@pytest.mark.parametrize(("right", "total", "low", "high"), [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718),
])
def test_intervals_are_wilsons_as_published(right: int, total: int, low: float, high: float) -> None:
    """The examples of Newcombe, Statistics in Medicine 17 (1998) 857, table I, method 3."""
    found = accuracy(right, total)
    assert (found.share, round(found.low, 4), round(found.high, 4)) == (right / total, low, high)


def test_intervals_are_wilsons_as_worked_out_by_hand() -> None:
    # n + z² = 10 + 3.8415 = 13.8415; middle (8 + 1.9207) / 13.8415; half 1.96 √(8·2/10 + 0.9604) / 13.8415 = 0.2266
    assert [accuracy(8, 10).low, accuracy(8, 10).high] == pytest.approx([0.7167 - 0.2266, 0.7167 + 0.2266], abs=1e-4)
    # without a right answer, middle and half are equal, z²/2 / (n + z²): from 0 to z² / (5 + z²)
    assert [accuracy(0, 5).low, accuracy(0, 5).high] == pytest.approx([0.0, 3.8415 / 8.8415], abs=1e-4)
    assert [accuracy(5, 5).low, accuracy(5, 5).high] == pytest.approx([5 / 8.8415, 1.0], abs=1e-4)


@pytest.mark.parametrize("total", [1, 2, 5, 30, 1273])
def test_intervals_hold_the_share_stay_in_bounds_and_mirror_right_and_wrong(total: int) -> None:
    for right in {0, 1, total // 2, total}:
        found, turned = accuracy(right, total), accuracy(total - right, total)
        assert 0 <= found.low <= found.share <= found.high <= 1 and found.high - found.low < 1
        assert [1 - turned.high, 1 - turned.low] == pytest.approx([found.low, found.high])


def test_the_mean_is_plain_and_its_interval_adds_two_right_and_two_wrong() -> None:
    # shares 8/10 and 3/5; with the four added (10/14)(4/14)/14 = 0.014577 and (5/9)(4/9)/9 = 0.027435
    half = 1.959964 * sqrt(0.014577 + 0.027435) / 2
    found = mean([accuracy(8, 10), accuracy(3, 5)])
    assert (found.tasks, found.share) == (2, pytest.approx(0.7))
    assert [found.low, found.high] == pytest.approx([0.7 - half, 0.7 + half], abs=1e-5)


def test_tasks_without_a_mistake_do_not_pass_for_certain() -> None:
    found = mean([accuracy(5, 5), accuracy(5, 5)])  # (7/9)(2/9)/9 = 0.019204 each
    assert (found.tasks, found.share, found.high) == (2, 1.0, 1.0)
    assert found.low == pytest.approx(1 - 1.959964 * sqrt(2 * 0.019204) / 2, abs=1e-5)


def test_nothing_asked_is_nothing_known() -> None:
    assert accuracy(0, 0) == Accuracy(0, 0, 0.0, 0.0, 1.0)
    assert mean([]) == mean([accuracy(0, 0)]) == Mean(0, 0.0, 0.0, 1.0)
    assert mean([accuracy(0, 0), accuracy(3, 5)]) == mean([accuracy(3, 5)])
    assert by_task([]) == outcomes([]) == by_label([]) == {}


def test_what_cannot_be_read_counts_as_wrong_and_is_counted() -> None:
    rows = [*predictions("medqa", 3, 1, 1), *predictions("medmcqa", 2, 0, 3, "truncated")]
    assert by_task(rows) == {"medqa": accuracy(3, 5), "medmcqa": accuracy(2, 5)}
    assert list(outcomes(rows).items()) == [("answered", 6), ("truncated", 3), ("unreadable", 1)]


def test_tasks_stand_in_the_order_of_the_paper_and_others_follow_by_name() -> None:
    others = [f"other_{n}" for n in range(9)]
    names = [*others[:4], *reversed(TASKS), *reversed(others[4:])]
    found = by_task(p for name in names for p in predictions(name, 1))
    assert list(found) == [*TASKS, *others]
    assert sorted(SIZES) == sorted(TASKS) and len(TASKS) == 9


@pytest.mark.parametrize(("scores", "average"), PAPER.values(), ids=PAPER)
def test_the_papers_average_is_the_mean_over_the_nine_tasks(scores: list[float], average: float) -> None:
    """From the right answers behind each score: 76.1 % of 1,273 are 969. The rounded scores average to 78.30 where
    the paper prints 78.32."""
    counts = {task: (round(score * SIZES[task] / 100), SIZES[task])
              for task, score in zip(SIZES, scores, strict=True)}
    assert [round(100 * right / total, 1) for right, total in counts.values()] == scores
    found = by_task(p for task, (right, total) in counts.items() for p in predictions(task, right, total - right))
    assert round(100 * mean(found.values()).share, 2) == average


def test_equal_rewards_are_wrong() -> None:
    rows = [Comparison("a", "hard", 0.5, 0.5, False), Comparison("b", "hard", 0.6, 0.5, False),
            Comparison("c", "easy", -2.0, -1.0, False)]
    assert by_label(rows) == {"easy": accuracy(0, 1), "hard": accuracy(1, 2)}


def test_the_papers_reward_model_by_label() -> None:
    """UltraMedRM-8B on the paper's 777 pairs (table 4): by label, and the mean of the four."""
    counts = {"easy": (224, 238), "hard": (144, 196), "human": (126, 163), "length": (139, 180)}
    found = by_label(c for label, (right, total) in counts.items() for c in comparisons(label, right, total))
    assert {label: round(100 * a.share, 2) for label, a in found.items()} == {
        "easy": 94.12, "hard": 73.47, "human": 77.30, "length": 77.22}
    assert round(100 * mean(found.values()).share, 2) == 80.53


def test_published_accuracies_of_mirage_are_met() -> None:
    """GPT's 4,356 replies to the medical MMLU, as their authors count: for several letters they take the first, for
    none "A". We read only replies that settle on one letter; only the others may differ."""
    folder = real("02_mcq_eval/MIRAGE_mmlu_med")
    mmlu = questions("mmlu", Benchmark(location="", format="mmlu"), folder / "rawdata")
    keys = {q.id.partition(",")[2]: q.key for q in mmlu}
    ours, theirs = [], []
    with tarfile.open(folder / "prediction_mmlu.tar.gz") as archive:
        for member in archive:
            if not member.name.endswith(".json"):
                continue
            run, _, name = member.name.partition("prediction/mmlu/")[2].rpartition("/")
            subject, number = name.removeprefix("test_").removesuffix(".json").rsplit("-", 1)
            reply = json.load(archive.extractfile(member))[0]  # type: ignore[arg-type]
            given = re.search(r'"answer_choice": ?"(.*?)"', reply)
            field = given[1] if given else ""
            letter = chosen_letter(field, list("ABCD"))
            first = re.match(r"\(?([A-D])\b", field)
            key = keys[f"{subject}_test/{int(number)}"]
            answered = "answered" if letter else "unreadable"
            ours.append(Prediction("", "", run, "gpt", "greedy", key, letter, answered, reply,
                                   letter == key))
            taken = letter or (first[1] if first else "A")
            theirs.append(Prediction("", "", run, "gpt", "greedy", key, taken, "answered", "", taken == key))
    found = by_task(theirs)
    assert {run: round(100 * a.share, 2) for run, a in found.items()} == MIRAGE
    chain = found["cot/OpenAI/gpt-35-turbo-16k"]  # printed as 72.91 ± 1.35, the standard error
    assert (chain.high - chain.low) / 2 / Z == pytest.approx(0.0135, abs=1e-4)
    assert {run: (a.right, a.total) for run, a in by_task(ours).items()} == {
        run: (right, 1089) for run, right in zip(MIRAGE, (781, 969, 811, 944), strict=True)}
    assert outcomes(ours) == {"answered": 4356 - 148, "unreadable": 148}


@pytest.mark.parametrize(("model", "method"), MEDAGENTS)
def test_published_accuracies_of_medagents_are_met(model: str, method: str) -> None:
    """Answers include letters and sentences such as "Please provide the options A, B, C, D, and E"."""
    name = f"{model}-afrimedqa-test_hard-{method}.json"
    rows = json.loads((real("02_mcq_eval/medagents_bench/output/afrimedqa") / name).read_text(encoding="utf-8"))
    right = sum(chosen_letter(row["predicted_answer"], list(row["options"])) == row["answer_idx"] for row in rows)
    assert (len(rows), 100 * accuracy(right, 32).share) == (32, pytest.approx(MEDAGENTS[model, method], abs=0.051))
