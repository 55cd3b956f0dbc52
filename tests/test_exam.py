"""Letters are read only from answers that settle on one."""

import json
import os
import re
import tarfile
from pathlib import Path

import pytest

from ultramed.exam import chosen_letter, reasoning

REALDATA = os.environ.get("ULTRAMED_REALDATA")
READABLE = {
    "Hypokalaemia explains the U waves.\n\nSo, the answer is B.": "B",
    "The answer is B": "B",
    "the correct answer is: C": "C",
    "The best answer is **D**.": "D",
    "**Answer:** B": "B",
    "**Answer**: (C)": "C",
    "Answer: (B)": "B",
    "Answer:\n\nB. Amoxicillin": "B",
    "Final answer: [D]": "D",
    "ANSWER: D": "D",
    "Answer choice: A": "A",
    "The correct option is option C": "C",
    "The most appropriate choice would be A. 18 gauge, as it is the widest.": "A",
    "The final answer is $\\boxed{B}$.": "B",
    'The answer is "C".': "C",
    "Therefore, the answer is (A) aspirin.": "A",
    "The answer is A\n\nExplanation: it blocks cyclooxygenase.": "A",
    "The answer is A because it blocks cyclooxygenase.": "A",
    "The answer is B, A is only second best.": "B",
    "The answer is A. No, that overlooks the fever. So, the answer is C.": "C",
    "At first the answer is B or C. On reflection, the answer is C.": "C",
    "So, the answer is B. The other option is a distractor.": "B",
    "The answer is A and the others are wrong.": "A",
    "C": "C",
    "**C**": "C",
    " (D).\n": "D",
    "B. Glomerulus": "B",
    "A) Right ventricular hypertrophy": "A",
}
UNREADABLE = (
    "", "None of these fits well.", "The answer is A drug that lowers potassium.", "The answer is a drug.",
    "The answer is A 3-day course.", "the answer is b", "The answer is E", "Answer: H", "E", "The answer is not B.",
    "The answer isn't B.", "The answer is A and B.", "The answer is B or C.", "A/B", "A, C", "C and D",
    "The correct answer is either B or D.", "The answer is C. difficile colitis.", "The answer is B cells.",
    "The answer is B12 deficiency.", "The best choice is D-dimer testing.", "The answer is Both.",
    "B12 is low and D-dimer is high.", "A drug that lowers potassium", "I am not sure about it.", "I'm unable to tell.",
    "Let us look at each option:\n\nA. Calcium: no.\nB. Potassium: perhaps.", "The options are: A, B, C and D.",
    "A. Calcium is low, and B. Potassium is high.", "Which answer fits? Another choice: A 65-year-old would not say.",
)


@pytest.mark.parametrize(("text", "letter"), READABLE.items())
def test_a_settled_letter_is_read(text: str, letter: str) -> None:
    assert chosen_letter(text, list("ABCD")) == letter


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_settles_on_no_option_is_unreadable(text: str) -> None:
    assert chosen_letter(text, list("ABCD")) is None


def test_only_letters_of_the_item_count() -> None:
    text = "The answer is E."
    assert [chosen_letter(text, list("ABCDE")), chosen_letter(text, list("ABCD"))] == ["E", None]
    assert chosen_letter("The answer is J.", list("ABCDEFGHIJ")) == "J"


def test_reasoning_is_what_precedes_the_last_closing() -> None:
    assert reasoning("Potassium falls.\n\nSo, the answer is B.") == "Potassium falls."
    answer = "The answer is A? No. Potassium falls. The answer is B."
    assert reasoning(answer) == "The answer is A? No. Potassium falls."
    assert reasoning("So, the answer is B.") == ""
    assert reasoning(" Potassium falls. ") == "Potassium falls."


def test_long_texts_are_read_in_no_time() -> None:
    for part in ("the answer is ", "answer" + " " * 2000, "(" * 2000, "the " * 5000, "A. x B. ", "**"):
        assert chosen_letter(part * (20_000 // len(part)) + "\n\nSo, the answer is B.", list("ABCD")) == "B"


@pytest.mark.skipif(not REALDATA, reason="ULTRAMED_REALDATA is not set")
def test_real_replies_are_never_read_wrongly() -> None:
    """MIRAGE's 2,178 chain-of-thought replies to MMLU state their choice in `answer_choice`, and some in prose too.

    `answer_choice`, "B" or "B. Femur": 56 of 2,178 are unreadable (several letters, or no option's).
    Prose: GPT-3.5 closes with its letter in 492 of 1,089, GPT-4 in 7; the others never close in this form.
    """
    path = Path(REALDATA or "") / "02_mcq_eval/MIRAGE_mmlu_med/prediction_mmlu.tar.gz"
    fields = prose = 0
    with tarfile.open(path) as archive:
        for member in archive:
            if "/cot/" not in member.name or not member.name.endswith(".json"):
                continue
            reply = json.load(archive.extractfile(member))[0]  # type: ignore[arg-type]
            given = re.search(r'"answer_choice": ?"(.*?)"', reply)
            letter = re.match(r"\(?([A-D])\b", given[1] if given else "")
            read = chosen_letter(given[1] if given else "", list("ABCD"))
            assert read is None or (letter is not None and read == letter[1]), reply
            fields += read is not None
            thought = chosen_letter(reply.split('"answer_choice"')[0], list("ABCD"))
            assert thought is None or (letter is not None and thought == letter[1]), reply
            prose += thought is not None
    assert (fields, prose) == (2122, 499)
