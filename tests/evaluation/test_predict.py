"""A policy's answers are read, counted, voted on, and picked by reward."""

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from oracle_endpoint import Body, Served, says, settings

from ultramed.evaluation.kinds import multiple_choice
from ultramed.evaluation.metrics import accuracy, by_task, outcomes
from ultramed.evaluation.predict import (
    JudgeModel,
    Rewards,
    answer_once,
    choose,
    majority,
    predictions,
    read,
    sample_often,
)
from ultramed.evaluation.tasks import Read, Task, draws, greedy, requests
from ultramed.fakes.oracle import Biases, Oracle
from ultramed.inference.client import connect
from ultramed.ledger.requests import Answer
from ultramed.params import Ensemble, Params
from ultramed.records import BenchmarkItem, Option, Prediction

NAMES = ["Aspirin", "Heparin", "Warfarin", "Alteplase"]
FORMS = ("text", "json")


def item(n: int) -> BenchmarkItem:
    """Keys cycle through A to D; every third item has a context."""
    options = [Option(letter, name) for letter, name in zip("ABCD", NAMES, strict=True)]
    context = f"Trial {n:03} compared them." if n % 3 == 2 else None
    return BenchmarkItem(f"bench,{n}", "bench", f"Which drug is called for in case {n:03}?", context, options,
                         "ABCD"[n % 4])


def tasks(count: int) -> list[Task]:
    """This number of items, in two tasks."""
    every = [item(n) for n in range(count)]
    return [*of("medqa", *every[: count // 2]), *of("pubmedqa", *every[count // 2 :])]


def of(name: str, *items: BenchmarkItem) -> list[Task]:
    return [Task(name, list(items), multiple_choice)]


def knows(served: Served, given: list[Task], error: float = 0.0) -> None:
    served.oracle.truth = {"answers": {i.question: NAMES["ABCD".index(i.key)] for i in every(given)}}
    served.oracle.biases = Biases(error=error)


def every(given: list[Task]) -> list[BenchmarkItem]:
    return [i for task in given for i in task.items]


def params(served: Served, form: str = "text", **changes: Any) -> Params:
    return settings(served.address, evaluate__format=form, evaluate__max_tokens=60, **changes)


def once(served: Served, given: list[Task], form: str = "text", **changes: Any) -> list[Prediction]:
    plan = params(served, form, **changes)
    with connect("oracle", "evaluate@oracle", plan) as client:
        answers = answer_once(client, given, plan.evaluate)
    return predictions("oracle", given, answers, JudgeModel("evaluate@oracle", plan))


def often(
    served: Served, given: list[Task], samples: int, rewards: Rewards = lambda ds: [0.0] * len(ds), form: str = "text"
) -> dict[str, list[Prediction]]:
    """Predictions by mode."""
    plan = params(served, form)
    ensemble = Ensemble(samples=samples, temperature=0.7, top_p=0.9, reward="reward")
    with connect("oracle", "ensemble@oracle", plan) as client:
        sampled = sample_often(client, given, plan.evaluate, ensemble, plan.seed)
    found = choose("oracle", given, sampled, form, rewards, JudgeModel("ensemble@oracle", plan))
    modes = {m: [p for p in found if p.mode == m] for m in ("self-consistency", "best-of-n")}
    assert len(found) == 2 * len(every(given)) == sum(map(len, modes.values()))
    assert all([p.item_id for p in ps] == [i.id for i in every(given)] for ps in modes.values())
    return modes


def right(predictions: Iterable[Prediction]) -> int:
    return sum(p.correct for p in predictions)


def in_case(body: Body) -> int:
    """Number of the item that a request is about."""
    return int(re.findall(r"in case (\d+)", str(body["messages"]))[0])


def plant(served: Served, letters: dict[int, str]) -> None:
    """Replies by item, all cut at the token limit: the letter of each sample, "-" for one cut before its letter."""
    drawn = Ensemble(samples=9, temperature=0.7, top_p=0.9, reward="reward")
    seeds = [s.seed for s in draws(params(served).evaluate, drawn, params(served).seed)]

    def spoil(body: Body, reply: Body) -> None:
        n = seeds.index(body["seed"])
        letter = letters[in_case(body)][n]
        said = f"Thought {n}." if letter == "-" else f"Thought {n}.\n\nSo, the answer is {letter}. And"
        says(reply, said, "length")

    served.spoil = spoil


@pytest.mark.parametrize("form", FORMS)
def test_planted_answers_are_all_right(served: Served, form: str) -> None:
    given = tasks(9)
    knows(served, given)
    found = once(served, given, form)
    assert by_task(found) == {"medqa": accuracy(4, 4), "pubmedqa": accuracy(5, 5)}
    assert [(p.id, p.letter, p.outcome) for p in found] == [(f"bench,{n}@oracle", "ABCD"[n % 4], "answered")
                                                            for n in range(9)]
    assert {(p.policy, p.mode) for p in found} == {("oracle", "greedy")}
    assert len(served.bodies) == 9 and {b["temperature"] for b in served.bodies} == {0.0}


@pytest.mark.parametrize("form", FORMS)
def test_accuracy_is_exactly_what_the_policy_said(served: Served, form: str) -> None:
    given = tasks(32)
    knows(served, given, error=0.5)
    found = once(served, given, form)
    speaker = Oracle(served.oracle.truth, served.oracle.biases)
    said = {in_case(b): speaker.reply(b)[0] for b in served.bodies}
    letters = [json.loads(said[n])["answer"] if form == "json" else said[n].rstrip(".")[-1] for n in range(32)]
    assert [p.letter for p in found] == letters and [p.text for p in found] == [said[n] for n in range(32)]
    assert right(found) == sum(letter == item(n).key for n, letter in enumerate(letters))
    assert 8 <= right(found) <= 24 and outcomes(found) == {"answered": 32}


@pytest.mark.parametrize(("text", "finish", "letter", "outcome"), [
    ("Fibrin must go, and so", "length", None, "truncated"),
    ("Fibrin must go.", "stop", None, "unreadable"),
    ("So, the answer is E.", "stop", None, "unreadable"),
    ("The answer is A or B.", "stop", None, "unreadable"),
    ("I'm sorry, I cannot give medical advice.", "stop", None, "refused"),
    ("So, the answer is A.", "content_filter", None, "refused"),
    (" \n", "stop", None, "empty"),
    ("", "length", None, "empty"),
    ("So, the answer is A. One more", "length", "A", "answered"),
])
def test_a_text_without_a_letter_is_counted_by_its_cause(
    served: Served, text: str, finish: str, letter: str | None, outcome: str
) -> None:
    """All keys are A, so a letter invented for an unreadable reply would show as a right answer."""
    served.spoil = lambda _, reply: says(reply, text, finish)
    (found,) = once(served, of("medqa", item(0)))
    assert (found.letter, found.outcome, found.correct) == (letter, outcome, letter == "A")
    assert found.text.strip() == text.strip() and len(served.bodies) == 1
    assert by_task([found]) == {"medqa": accuracy(int(letter == "A"), 1)}


REASON = "Fibrin must be dissolved at once."


@pytest.mark.parametrize(("text", "finish", "outcome", "asked"), [
    (f'{{"reasoning": "{REASON}', "length", "truncated", 2),
    (f'{{"reasoning": "{REASON}", "answer": "A"', "length", "truncated", 2),
    (f"{REASON} So, the answer is A.", "stop", "unreadable", 2),
    (f'{{"reasoning": "{REASON}", "answer": "E"}}', "stop", "unreadable", 2),
    (f'{{"reasoning": "{REASON}"}}', "stop", "unreadable", 2),
    (f'{{"reasoning": "{REASON}", "answer": "A"}}', "content_filter", "refused", 1),
    ("", "stop", "empty", 1),
])
def test_json_of_another_shape_is_asked_for_once_more_and_then_counted(
    served: Served, text: str, finish: str, outcome: str, asked: int
) -> None:
    served.spoil = lambda _, reply: says(reply, text, finish)
    (found,) = once(served, of("medqa", item(0)), "json")
    assert (found.letter, found.outcome, found.text, found.correct) == (None, outcome, text, False)
    assert len(served.bodies) == asked


def test_json_that_is_right_when_asked_again_counts(served: Served) -> None:
    knows(served, of("medqa", item(1)))
    served.spoil = lambda body, reply: says(reply, "No JSON.") if len(body["messages"]) < 4 else None
    (found,) = once(served, of("medqa", item(1)), "json")
    assert (found.letter, found.outcome, found.correct) == ("B", "answered", True)


def test_a_request_that_the_endpoint_rejects_is_no_letter() -> None:
    plan = settings().evaluate
    (task,) = of("medqa", item(0))
    (request,) = requests(task, plan, greedy(plan))
    assert read(task, item(0), Answer(request, "k", None, None, "rejected", "HTTP 400")) == (None, "rejected", "")


def test_causes_are_counted_side_by_side(served: Served) -> None:
    said = [("So, the answer is A.", "stop"), ("So, the answer is A.", "stop"), ("Hm", "stop"), ("Hm", "length"),
            ("", "stop")]
    served.spoil = lambda body, reply: says(reply, *said[in_case(body)])
    found = once(served, of("medqa", *map(item, range(5))))
    assert outcomes(found) == {"answered": 2, "unreadable": 1, "truncated": 1, "empty": 1}
    assert by_task(found) == {"medqa": accuracy(1, 5)}  # keys are A, B, C, D, A


@pytest.mark.parametrize("form", FORMS)
def test_many_samples_agree_on_more_than_one_knows(served: Served, form: str) -> None:
    """Of 15 samples about 9 are right and 2 have each wrong letter; a reward model that knows the truth needs one
    right sample, which is missing with probability 0.4^15, 1 in 900,000."""
    given = tasks(30)
    knows(served, given, error=0.4)

    def truthful(dialogues: list[list[dict[str, str]]]) -> list[float]:
        keys = [item(int(re.findall(r"in case (\d+)", d[-2]["content"])[0])).key for d in dialogues]
        assert {d[0]["role"] for d in dialogues} == {"system" if form == "json" else "user"}  # as it was asked
        ends = [f'"answer": "{key}"}}' if form == "json" else f"the answer is {key}." for key in keys]
        return [float(d[-1]["content"].endswith(end)) for d, end in zip(dialogues, ends, strict=True)]

    alone = right(once(served, given, form))
    assert 12 <= alone <= 24
    modes = often(served, given, 15, truthful, form)
    assert right(modes["self-consistency"]) >= 27 and right(modes["best-of-n"]) == 30


@pytest.mark.parametrize(("letters", "winner", "place"), [
    ("CBBC", "C", 0), ("BCCB", "B", 0), ("ABCC", "C", 2), ("ABCD", "A", 0), ("---D", "D", 3), ("-BAAB", "B", 1),
    ("----", None, 0),
])
def test_a_majority_wins_and_of_letters_alike_the_one_chosen_first(
    letters: str, winner: str | None, place: int
) -> None:
    """The majority's answer is the first with its letter; replies without a letter do not vote."""
    samples: list[Read] = [Read(None if x == "-" else x, "unreadable" if x == "-" else "answered", f"{n}")
                        for n, x in enumerate(letters)]
    assert majority(iter(samples)) == (winner, "answered" if winner else "unreadable", f"{place}")


def test_best_of_n_is_the_sample_that_the_reward_model_likes_best_whatever_the_majority_says(served: Served) -> None:
    given = tasks(3)  # keys A, B, C; two are in the second task
    plant(served, {0: "BBAB", 1: "BBBD", 2: "-C--"})
    liked = {0: 2, 1: 3, 2: 0}
    seen: list[list[dict[str, str]]] = []

    def rewards(dialogues: list[list[dict[str, str]]]) -> list[float]:
        seen.extend(dialogues)
        cases = [int(re.findall(r"in case (\d+)", d[0]["content"])[0]) for d in dialogues]
        best = [f"Thought {liked[n]}." for n in cases]
        return [float(d[-1]["content"].startswith(b)) for d, b in zip(dialogues, best, strict=True)]

    modes = often(served, given, 4, rewards)
    assert [(p.letter, p.correct) for p in modes["self-consistency"]] == [("B", False), ("B", True), ("C", True)]
    assert [(p.letter, p.correct) for p in modes["best-of-n"]] == [("A", True), ("D", False), (None, False)]
    assert [p.outcome for p in modes["best-of-n"]] == ["answered", "answered", "truncated"]
    assert [p.text[:10] for p in modes["best-of-n"]] == ["Thought 2.", "Thought 3.", "Thought 0."]
    assert [p.text[:10] for p in modes["self-consistency"]] == ["Thought 0.", "Thought 0.", "Thought 1."]
    assert [p.task for p in modes["best-of-n"]] == ["medqa", "pubmedqa", "pubmedqa"]
    asked = {json.dumps(b["messages"], sort_keys=True) for b in served.bodies}
    assert {json.dumps(d[:-1], sort_keys=True) for d in seen} == asked
    assert {d[-1]["role"] for d in seen} == {"assistant"}


def test_of_equal_rewards_the_first_sample_stands(served: Served) -> None:
    plant(served, {0: "DBB"})
    assert [p.letter for p in often(served, of("medqa", item(0)), 3)["best-of-n"]] == ["D"]


def test_both_modes_read_the_same_replies_and_later_samples_come_on_top(served: Served) -> None:
    given = tasks(6)
    knows(served, given, error=0.4)
    often(served, given, 3)
    assert len(served.bodies) == 6 * 3
    assert {(b["temperature"], b["top_p"]) for b in served.bodies} == {(0.7, 0.9)}
    often(served, given, 5)
    assert len(served.bodies) == 6 * 5


@pytest.mark.parametrize("form", FORMS)
def test_what_the_ledger_holds_is_not_asked_again(served: Served, form: str) -> None:
    given = tasks(4)
    knows(served, given, error=0.4)
    first: list[Any] = [once(served, given, form), often(served, given, 3, form=form)]
    asked = len(served.bodies)
    assert asked == 4 + 4 * 3
    assert [once(served, given, form), often(served, given, 3, form=form)] == first and len(served.bodies) == asked


def test_another_revision_is_asked_again_and_an_unchanged_one_never(served: Served) -> None:
    """This holds for any model identity; for a policy trained here it is a hash of its weights."""
    given, other = tasks(4), {"models__remote__oracle__revision": "2"}
    knows(served, given)
    assert right(once(served, given)) == 4
    served.oracle.truth = {"answers": dict.fromkeys(served.oracle.truth["answers"], NAMES[0])}  # now it says A always
    assert right(once(served, given)) == 4 == len(served.bodies)
    assert right(once(served, given, **other)) == 1 and len(served.bodies) == 8
    assert right(once(served, given)) == 4 and len(served.bodies) == 8
