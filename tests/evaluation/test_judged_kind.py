"""A new task kind, defined in one class: free text that a model judges."""

from typing import Any

from oracle_endpoint import Served, settings
from pydantic import BaseModel, Field

from ultramed.evaluation.kinds import multiple_choice
from ultramed.evaluation.metrics import accuracy, by_task, outcomes
from ultramed.evaluation.predict import JudgeModel, answer_once, choose, predictions, sample_often
from ultramed.evaluation.tasks import Answered, Judge, Read, Task
from ultramed.inference.client import connect
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Ensemble, Evaluate
from ultramed.prompts import Prompt, render
from ultramed.records import BenchmarkItem, Option, Prediction


class Difficulty(BaseModel):
    """The verdict; the oracle knows this reply type and gives the score planted for a text."""

    justification: str
    score: int = Field(ge=1, le=10)


class FreeText:
    """Correct from 8 of 10 points."""

    NEEDS = ("reference",)

    def prompt(self, item: BenchmarkItem, form: str) -> Prompt:
        return render("question", question=item.question)

    def reply_type(self, item: BenchmarkItem, plan: Evaluate) -> type[BaseModel] | None:
        return None

    def read(self, item: BenchmarkItem, answer: Answer, unread: Read) -> Read:
        return Read(None, "answered", answer.text)

    def grade(self, answered: list[Answered], judge: Judge) -> list[bool]:
        asked = {n: Request(item.id, f"grade-{n}", render("question", question=f"{item.question}\n\n{said.text}"),
                            Sampling(0.0, 100, 0), Difficulty)
                 for n, (item, said) in enumerate(answered) if said.outcome == "answered"}
        verdicts = dict(zip(asked, judge(list(asked.values())), strict=True))
        return [n in verdicts and verdicts[n].ok and verdicts[n].value.score >= 8 for n in range(len(answered))]


def item(n: int) -> BenchmarkItem:
    return BenchmarkItem(f"essays,{n}", "essays", f"Why does organ {n} fail?", None, [], None, f"Because of {n}.")


CHOICE = BenchmarkItem("exams,0", "exams", "Which drug?", None, [Option("A", "Aspirin"), Option("B", "Heparin")], "B")
TASKS = [Task("essays", [item(n) for n in range(4)], FreeText()), Task("exams", [CHOICE], multiple_choice)]
SCORES = {f"Why does organ {n} fail?\n\nA planted": score for n, score in enumerate((9, 8, 7, 1))}
TRUTH = {"answers": {"Which drug?": "Heparin"}, "scores": SCORES}


def evaluated(served: Served) -> tuple[list[Prediction], JudgeModel]:
    plan = settings(served.address, evaluate__format="text")
    judge = JudgeModel("evaluate@oracle", plan)
    with connect("oracle", "evaluate@oracle", plan) as client:
        answers = answer_once(client, TASKS, plan.evaluate)
    return predictions("oracle", TASKS, answers, judge), judge


def test_it_is_asked_judged_and_counted_beside_multiple_choice(served: Served) -> None:
    served.oracle.truth = TRUTH
    found, judge = evaluated(served)
    assert by_task(found) == {"essays": accuracy(2, 4), "exams": accuracy(1, 1)}
    assert [(p.key, p.letter, p.text) for p in found[:4]] == [(None, None, "A planted answer to an open question.")] * 4
    assert len(served.prompts("Difficulty")) == 4 == len(judge.manifest)
    assert [(u.row_id, u.step) for u in judge.manifest] == [(f"essays,{n}", f"grade-{n}") for n in range(4)]


def test_an_answer_that_could_not_be_read_is_wrong_and_never_judged(served: Served) -> None:
    served.oracle.truth = TRUTH

    def spoil(body: dict[str, Any], reply: dict[str, Any]) -> None:
        if body["messages"][-1]["content"] == "Why does organ 0 fail?":
            reply["choices"][0]["message"]["content"] = ""

    served.spoil = spoil
    found, judge = evaluated(served)
    assert outcomes(found) == {"answered": 4, "empty": 1} and len(judge.manifest) == 3
    assert by_task(found)["essays"] == accuracy(1, 4)


def test_a_judge_that_cannot_be_read_makes_no_answer_right(served: Served) -> None:
    served.oracle.truth = TRUTH

    def spoil(body: dict[str, Any], reply: dict[str, Any]) -> None:
        if body.get("response_format"):
            reply["choices"][0]["message"]["content"] = "Fine."

    served.spoil = spoil
    assert by_task(evaluated(served)[0])["essays"] == accuracy(0, 4)


def test_it_runs_through_ensembles(served: Served) -> None:
    served.oracle.truth = TRUTH
    plan = settings(served.address, evaluate__format="text")
    ensemble = Ensemble(samples=2, temperature=0.7, top_p=0.9, reward="reward")
    with connect("oracle", "ensemble@oracle", plan) as client:
        samples = sample_often(client, TASKS, plan.evaluate, ensemble, plan.seed)
    judge = JudgeModel("ensemble@oracle", plan)
    found = choose("oracle", TASKS, samples, "text", lambda dialogues: [0.0] * len(dialogues), judge)
    assert [p.correct for p in found if p.task == "essays"] == [True, True, True, True, False, False, False, False]


def test_without_such_a_task_no_judge_is_reached(served: Served) -> None:
    plan = settings(served.address, judge__model="encoder", evaluate__format="text")
    with connect("oracle", "evaluate@oracle", plan) as client:
        answers = answer_once(client, TASKS[1:], plan.evaluate)
    judge = JudgeModel("evaluate@oracle", plan)
    assert len(predictions("oracle", TASKS[1:], answers, judge)) == 1 and judge.manifest == []
