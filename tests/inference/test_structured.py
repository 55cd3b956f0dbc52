"""Reading replies: a value or the reason there is none, never something in between."""

import json
import math
import time
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field

from ultramed.inference.ask.json_reply import find_object
from ultramed.inference.ask.structured import expected_digit, read
from ultramed.ledger.requests import Reply
from ultramed.tokens import characters

VERDICT = '{"answer": "B", "why": {"text": "so", "score": 3}}'


class Why(BaseModel):
    text: str = ""
    score: int = Field(default=3, ge=1, le=5)


class Lenient(BaseModel):
    """All its fields have defaults, so any object is valid."""

    answer: str = "A"
    why: Why = Why()


class Strict(BaseModel):
    answer: str = Field(max_length=1)
    why: Why


def reply(text: str, finish: str = "stop") -> Reply:
    return Reply(text, finish, "m", 10, 7)


@pytest.mark.parametrize(("given", "kind", "failure", "detail"), [
    (reply(""), None, "empty", "the reply holds no text"),
    (reply(" \n"), Strict, "empty", "the reply holds no text"),
    (reply("It is", "length"), None, "truncated", "cut at 7 tokens"),
    (reply(VERDICT, "length"), Strict, "truncated", "cut at 7 tokens"),
    (reply("I'm sorry, but I can't help with that."), None, "refused", "the model declined to answer"),
    (reply("As an AI language model, I cannot give medical advice."), None, "refused", "the model declined to answer"),
    (reply("Anything", "content_filter"), None, "refused", "the model declined to answer"),
    (reply(VERDICT, "content_filter"), Strict, "refused", "the model declined to answer"),
    (reply("The answer is B."), Strict, "unreadable", "expected one JSON object, found 16 characters without one"),
    (reply('["B"]'), Strict, "unreadable", "expected one JSON object, found 5 characters without one"),
    (reply('{"answer": "B"}'), Strict, "invalid", "why: Field required"),
    (reply('{"answer": "BC", "why": {}}'), Strict, "invalid", "answer: String should have at most 1 character"),
    (reply('{"answer": "B", "why": {"score": 6}}'), Strict, "invalid",
     "why.score: Input should be less than or equal to 5"),
    (reply('{"answer": "B", "why": {"score": 2.5}}'), Strict, "invalid",
     "why.score: Input should be a valid integer"),
    (reply('{"answer": "B", "why": {"score": true}}'), Strict, "invalid", "why.score: Input should be a valid integer"),
    (reply("<think>hm</think>"), None, "empty", "the reply holds thinking alone"),
    (reply("<think>hm"), None, "truncated", "its thinking does not end; cut at 7 tokens"),
    (reply("half an", "abort"), None, "unfinished", "the reply ended with 'abort'"),
])
def test_each_kind_of_failure_gives_no_value_and_a_reason(
    given: Reply, kind: type[BaseModel] | None, failure: str, detail: str
) -> None:
    assert read(given, kind) == (None, failure, detail)


@pytest.mark.parametrize("text", [
    "Sorry is what the patient felt.", "A sorry, blistered skin", "I am unable-bodied? No.", "The answer is B.",
])
def test_words_of_regret_in_an_answer_are_no_refusal(text: str) -> None:
    assert read(reply(text), None)[1] in ("", "refused") and read(reply("So: " + text), None) == ("So: " + text, "", "")


def test_free_text_is_its_own_value_and_may_be_cut_where_that_is_allowed() -> None:
    assert read(reply("  B.\n"), None) == ("B.", "", "")
    assert read(reply("It is", "length"), None, truncated_ok=True) == ("It is", "", "")


@pytest.mark.parametrize("text", [
    VERDICT, f"  \n{VERDICT}\n", f"```json\n{VERDICT}\n```", f"```\n{VERDICT}\n```\n", f"Here it is:\n\n{VERDICT}",
    f"Here {{as asked}}: {VERDICT}", f"Sure!\n```json\n{VERDICT}\n```\nAnything else?", f"{VERDICT} I hope this helps.",
    VERDICT.replace("so", "s\\u006f"),
])
def test_an_object_is_found_bare_fenced_or_among_words(text: str) -> None:
    assert read(reply(text), Strict) == (Strict(answer="B", why=Why(text="so", score=3)), "", "")


def test_raw_new_lines_in_strings_are_read() -> None:
    assert find_object('{"a": "one\ntwo\tthree"}') == {"a": "one\ntwo\tthree"}


@pytest.mark.parametrize("whole", [
    VERDICT, json.dumps({"why": {"text": "a {b} \" {}", "score": 1}, "answer": "C"}),
    json.dumps({"why": {"text": "like {\"answer\": \"D\"} or {}"}, "answer": "C"}), '{"why": {}, "answer": "{}"}',
], ids=["last", "first", "quoted", "braces"])
def test_a_cut_object_never_gives_a_value(whole: str) -> None:
    """Wherever it is cut, neither its inner objects nor the contents of its strings may pass for the reply."""
    for end in range(len(whole)):
        for opening in ("", "Well: ", "```json\n"):
            assert find_object(opening + whole[:end]) is None, whole[:end]
            value, failure, _ = read(reply(opening + whole[:end]), Lenient)
            assert value is None and failure in ("unreadable", "empty")
    assert find_object(whole) == json.loads(whole)


def test_an_object_spoilt_in_its_middle_does_not_give_its_inside() -> None:
    assert find_object('{"why": {"score": 3}, oops}') is None
    assert find_object('{"why": {"score": 3}, oops} Again: {"answer": "B"}') == {"answer": "B"}


def test_the_expected_digit_is_the_mean_over_digits_alone() -> None:
    """exp(log 0.5)·3 + exp(log 0.25)·7, over 0.75: (1.5 + 1.75) / 0.75 = 13/3; the word with 0.2 does not count."""
    given = {"3": math.log(0.5), "7": math.log(0.25), "the": math.log(0.2)}
    assert expected_digit(given) == pytest.approx(13 / 3)
    assert expected_digit({"4": -12.5}) == pytest.approx(4)
    assert expected_digit({str(d): math.log(0.1) for d in range(10)}) == pytest.approx(4.5)


@pytest.mark.parametrize("token", ["12", "789", "01", "0123456789", "", "-3", "3.", "³", "٣"])
def test_only_single_digits_count(token: str) -> None:
    """Otherwise tokens of several digits would push the expected value beyond 9."""
    assert expected_digit({"1": math.log(0.5), token: math.log(0.5)}) == pytest.approx(1)
    assert expected_digit({token: -0.1}) is None


def test_no_digit_gives_no_value() -> None:
    assert expected_digit({}) is None
    assert expected_digit({"five": -0.1}) is None
    assert expected_digit({"5": -1e6}) is None, "a digit without weight does not count"


def test_characters_grow_with_tokens_and_have_a_floor() -> None:
    assert [characters(n) for n in (1, 16, 100)] == [40, 40, 240]


@pytest.mark.parametrize(("text", "expected"), [
    ('{"a": [1, 2,], }', {"a": [1, 2]}), ('{"a": "x,]", "b": {"c": 1,},}', {"a": "x,]", "b": {"c": 1}}),
    ('Here:\n```json\n{"a": 1,\n}\n```', {"a": 1}), ('{"a": [1, 2', None), ('{"a": 1,, }', None),
])
def test_a_comma_too_many_is_forgiven_and_nothing_else(text: str, expected: Any) -> None:
    assert find_object(text) == expected


DRAFTED = '{"answer": "A", "why": {}}'


@pytest.mark.parametrize("before", [
    f"<think>Draft: {DRAFTED} no.</think>\n", f"{DRAFTED}\nWait, that is wrong.\n",
    f"Draft:\n```json\n{DRAFTED}\n```\nFinal:\n", f"Hmm {DRAFTED}</think>", "Let {x} be a set. ", "[THINK]{[/THINK]",
])
def test_the_object_that_the_reply_ends_with_counts(before: str) -> None:
    assert read(reply(before + VERDICT), Strict)[0] == Strict(answer="B", why=Why(text="so", score=3))


@pytest.mark.parametrize("text", [
    f"{DRAFTED}, {VERDICT}", f"[{DRAFTED}, {VERDICT}]", f'{DRAFTED}\nFinal: {{"answer": "B", "why"',
    f"{DRAFTED} then {{",
    '{"answer": "A", "answer": "B", "why": {}}', '{"answer": NaN}', "{'answer': 'B', 'why': {}}",
])
def test_several_objects_and_spoilt_ones_give_no_value(text: str) -> None:
    assert read(reply(text), Strict)[1] == "unreadable"


@pytest.mark.parametrize("text", [
    '{"answer": "B", // the letter\n "why": {"text": "so"}}', '{"answer": "B", /* {" */ "why": {"text": "so",},}',
    '{ // first\n "answer": "B", "why": {"text": "so"}}',
])
def test_comments_are_forgiven(text: str) -> None:
    assert read(reply(text), Strict)[0] == Strict(answer="B", why=Why(text="so"))


def test_what_looks_like_a_comment_in_a_string_is_text() -> None:
    assert find_object('{"a": "see http://x/*y*/", }') == {"a": "see http://x/*y*/"}


class Graded(BaseModel):
    score: int = Field(ge=1, le=10)
    letter: Literal["A", "B", "C", "D"] = "A"
    ranking: list[int] = []


@pytest.mark.parametrize(("given", "score"), [
    ("7", 7), ('"7"', 7), ('"7/10"', 7), ('"7 / 10"', 7), ('"7 out of 10"', 7), ("7.0", 7), ('"7.0"', 7),
    ("true", None), ("null", None), ("7.5", None), ('"7/5"', None), ('"seven"', None), ('"70%"', None), ('"7-8"', None),
    ("11", None), ('"11"', None), ('"-3"', None), ("[7]", None), ('""', None), ('"1e1"', None), ('"٧"', None),
])
def test_numbers_are_read_as_they_are_meant_or_not_at_all(given: str, score: int | None) -> None:
    value, failure, _ = read(reply(f'{{"score": {given}}}'), Graded)
    assert (value.score if value else None) == score and failure == ("" if score else "invalid")


@pytest.mark.parametrize(("given", "letter"), [
    ("B", "B"), ("b", "B"), ("B.", "B"), ("(B)", "B"), ("B. Aspirin", "B"), ("b) aspirin", "B"), ("**B**", "B"),
    ("Option B", "B"), ("E", None), ("e. other", None), ("Both A and B", None), ("B or C", None), ("Aspirin", None),
    ("", None), ("B12", None), ("A CT scan", None),
])
def test_letters_are_read_with_the_text_of_their_option_and_nothing_else(given: str, letter: str | None) -> None:
    value, failure, _ = read(reply(json.dumps({"score": 1, "letter": given})), Graded)
    assert (value.letter if value else None) == letter and failure == ("" if letter else "invalid")


def test_a_flag_among_ranks_is_no_rank() -> None:
    assert read(reply('{"score": 1, "ranking": [true, 2]}'), Graded)[1] == "invalid"
    assert read(reply('{"score": 1, "ranking": ["2", 1]}'), Graded)[0].ranking == [2, 1]


@pytest.mark.parametrize("text", ["{" * 100_000, '{"' * 50_000, '{"a":' * 20_000, "/*" * 50_000, '{"a": 1} ' * 10_000,
                                  '{"a": ' + "[" * 50_000, "<think>" * 20_000, '{"a": "' + "\\" * 100_000])
def test_hostile_text_costs_little(text: str) -> None:
    began = time.process_time()
    read(reply(text), Graded)
    assert time.process_time() - began < 5
