"""A reply is a refusal if it declines, or only sends the asker elsewhere, and gives no substance."""

import json
import os
import tarfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from benchmarks.refusals import LISTS, measure
from ultramed.inference.ask.refusals import is_refusal

REAL = os.environ.get("ULTRAMED_REALDATA")
HOSTILE = [
    "I can't ", "I cannot really really really ", "not ", "I ", '"a', '"a": ', "{", "(((", "- ", "\n", " ", "*", ", ",
    "please see you a ", "violates the the the ", "request is is is ", "Doctor Smith ", "answer ", "so very ", "as a ",
    "ich kann nicht ", "我无法", "I do not have the ", "I am not able to be able to ",
]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_precision_and_recall_on_the_labelled_lists(path: Path) -> None:
    counts, wrong = measure(path)
    total = counts["all"]
    assert (total.precision or 0) >= 0.97 and (total.recall or 0) >= 0.97, wrong


def test_the_lists_are_large_even_and_disjoint() -> None:
    texts: set[str] = set()
    for path in LISTS:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert len(rows) >= 120
        assert 0.4 < sum(row["refusal"] for row in rows) / len(rows) < 0.6
        assert not texts & {row["text"] for row in rows}
        texts |= {row["text"] for row in rows}


@pytest.mark.parametrize(
    ("declined", "answered"),
    [
        ("I can't diagnose you.", "I can't diagnose you, but it is most likely a stye."),
        ("I'm sorry, I can't give medical advice. Please see a doctor.",
         "I'm sorry, I can't give medical advice. Rinse the eye with clean water for 15 minutes."),
        ("As an AI, I am unable to examine the rash.",
         "As an AI, I am unable to examine the rash. Blisters along one nerve are typical of shingles."),
        ("I can't help with that.",
         "I can't help with that cough myself. Honey, warm drinks, steam, raised pillows, and "
         "dextromethorphan at night relieve it, and it fades within three weeks."),
    ],
)
def test_substance_decides(declined: str, answered: str) -> None:
    assert is_refusal(declined)
    assert not is_refusal(answered)


@pytest.mark.parametrize("wrapped", [
    "**{}**", "“{}”", '"{}"', "```\n{}\n```", '{{"answer": "{}"}}', "Answer: {}", "> {}", "- {}", "\n\n  {}  \n",
    "I understand that you worry. {}", "{} Is there anything else?",
])
def test_a_refusal_in_any_dress(wrapped: str) -> None:
    assert is_refusal(wrapped.format("I’m unable to answer this question."))
    assert not is_refusal(wrapped.format("Take 400 mg of ibuprofen with food."))


@pytest.mark.parametrize(("text", "refuses"), [
    ('I am not able to list all films about illness. "Wit", "Awakenings", "Still Alice" show doctors at work.', False),
    ('Tell the caller: "I cannot share information about patients."', False),
    ("As an AI language model, I do not", True),
])
def test_quoted_words_and_broken_off_replies(text: str, refuses: bool) -> None:
    assert is_refusal(text) == refuses


@pytest.mark.parametrize("text", ["", " ", "…", "C", "{}", "I'm sorry.", "No.", "You're welcome!"])
def test_texts_that_decline_nothing(text: str) -> None:
    assert not is_refusal(text)


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear_on_hostile_text(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    start = time.process_time()
    is_refusal(text)
    assert time.process_time() - start < 3  # about 0.3 s; a quadratic search takes minutes


@pytest.mark.skipif(not REAL, reason="ULTRAMED_REALDATA names no folder with real public files")
def test_real_answers_are_almost_never_called_refusals() -> None:
    """Answers of doctors and of encyclopaedias, and completions of GPT-3.5 and GPT-4 that name an option."""
    root = Path(str(REAL))
    answers = [row["output"] for row in json.loads(
        (root / "01_training_sources/ChatDoctor/chatdoctor5k.json").read_text(encoding="utf-8"))]
    for file in sorted((root / "01_training_sources/MedQuAD").glob("*/*.xml")):
        answers += [answer.text for answer in ElementTree.parse(file).iter("Answer") if answer.text]
    with tarfile.open(root / "02_mcq_eval/MIRAGE_mmlu_med/prediction_mmlu.tar.gz") as archive:
        for member in archive:
            if (stored := archive.extractfile(member)) and member.name.endswith(".json"):
                answers += json.load(stored)
    assert len(answers) > 12_000
    assert sum(map(is_refusal, answers)) <= 8  # those of models that decline to choose, or were filtered
