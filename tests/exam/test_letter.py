"""Letters are read where an answer settles on one, and nowhere else."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ultramed.exam import chosen_letter, closes_on, read_letter, reasoning
from ultramed.records import Option

ANSWERS = [json.loads(line) for line in (Path(__file__).parents[1] / "data/letters.jsonl").read_text().splitlines()]
ORGANS = {"A": "Gallbladder", "B": "Spleen", "C": "Pancreas", "D": "Appendix"}
SETTLED = [row for row in ANSWERS if row["kind"] == "closing sentence" and row["text"].startswith("The ")]


@pytest.mark.parametrize("kind", dict.fromkeys(row["kind"] for row in ANSWERS))
def test_every_answer_of_the_table_is_read_as_it_is_meant(kind: str) -> None:
    of_kind = [row for row in ANSWERS if row["kind"] == kind]
    read = [(row["text"], chosen_letter(row["text"], row["options"])) for row in of_kind]
    assert read == [(row["text"], row["letter"]) for row in of_kind]


def test_the_table_is_large_and_half_of_its_kinds_are_hard() -> None:
    assert len(ANSWERS) >= 300
    assert sum(row["letter"] is None for row in ANSWERS) >= 150


@pytest.mark.parametrize("row", SETTLED, ids=lambda row: row["text"][:40])
def test_where_it_was_read_is_the_letter_or_the_text(row: dict[str, Any]) -> None:
    read = read_letter(row["text"], row["options"])
    assert read.start is not None
    assert row["text"][read.start : read.end] in ("B", "Spleen", "spleen")


def test_a_span_counts_what_thinking_takes() -> None:
    text = "<think>The answer is A.</think>\n{\"reasoning\": \"Left side.\", \"answer\": \"B\"}"
    read = read_letter(text, ORGANS)
    assert (read.letter, read.start, read.end) == ("B", len(text) - 3, len(text) - 2)


@pytest.mark.parametrize("row", SETTLED, ids=lambda row: row["text"][:40])
def test_a_settled_answer_is_none_once_it_is_supposed_or_denied(row: dict[str, Any]) -> None:
    sentence = row["text"].split("\n")[0]
    lowered = sentence[0].lower() + sentence[1:]
    for before in ("Were the pain central, it would be another matter: if so,", "I do not think that",
                   "If the pain were central,", "It is unlikely that", "Some might say that"):
        turned = f"{before} {lowered}"
        assert chosen_letter(turned, list("ABCD")) is None, turned


def test_the_letter_goes_with_the_option_when_options_are_shuffled() -> None:
    """The text of an option is read as whatever letter it has."""
    orders = ("ABCD", "BCDA", "CDAB", "DABC", "DCBA")
    for order in orders:
        options = dict(zip(order, ORGANS.values(), strict=True))
        spleen = next(letter for letter, text in options.items() if text == "Spleen")
        for text in ("The answer is the spleen.", "Spleen", f"The answer is {spleen}. Spleen.", f"{spleen}) Spleen",
                     f'{{"answer": "{spleen}. Spleen"}}', "The spleen is the correct answer."):
            assert chosen_letter(text, options) == spleen, (text, options)
            shuffled = [Option(letter, options[letter]) for letter in sorted(options)]
            assert chosen_letter(text, shuffled) == spleen


def test_only_letters_of_the_item_count() -> None:
    text = "The answer is E."
    assert [chosen_letter(text, list("ABCDE")), chosen_letter(text, list("ABCD"))] == ["E", None]


def test_two_letters_are_told_from_none() -> None:
    assert read_letter("The answer is A. The answer is B.", ORGANS).settled == ("A", "B")
    assert read_letter("It depends.", ORGANS).settled == ()
    assert read_letter("The answer is A. Wait, no. The answer is B.", ORGANS).settled == ("B",)


def test_a_reasoning_closes_on_its_last_letter() -> None:
    assert closes_on("The bile is stored on the right, so the answer is A.", ORGANS) == "A"
    assert closes_on("At first the answer is A. The answer is C. So the answer is B.", ORGANS) == "B"
    assert closes_on("Therefore, the most likely injured organ is the spleen.", ORGANS) == "B"
    assert closes_on("A is correct. C is correct. D is correct, which makes option B incorrect.", ORGANS) is None
    assert closes_on("We can eliminate option C.", ORGANS) is None
    assert closes_on("The answer is A. Wait, he fell on the left.", ORGANS) is None
    assert closes_on("The spleen lies beneath the ribs.", ORGANS) is None


def test_reasoning_is_what_precedes_the_last_closing() -> None:
    assert reasoning("Potassium falls.\n\nSo, the answer is B.") == "Potassium falls."
    answer = "The answer is A? No. Potassium falls. The answer is B."
    assert reasoning(answer) == "The answer is A? No. Potassium falls."
    assert reasoning("So, the answer is B.") == ""
    assert reasoning(" Potassium falls. ") == "Potassium falls."


HOSTILE = ("the answer is ", "answer" + " " * 2000, "(" * 2000, "A. x B. ", "<think>", "</think>", '{"answer": "', "\n",
           "if it were ", "B is the best answer ", "? \n", "most likely ", "\\boxed{", '"', "E. coli ")


@pytest.mark.parametrize("part", HOSTILE, ids=lambda part: repr(part[:12]))
def test_hostile_texts_are_read_in_a_time_that_grows_with_their_length(part: str) -> None:
    """100 KB take no more than 40 times what 5 KB take: twenty times the length, and room for a busy machine."""
    def seconds(size: int) -> float:
        text = part * max(1, size // len(part))
        start = time.process_time()
        chosen_letter(text, ORGANS)
        return time.process_time() - start

    seconds(1000)
    assert seconds(100_000) < max(2, 40 * seconds(5_000))
