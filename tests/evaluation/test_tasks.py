"""What policies are asked: which items, in which words, with which sampling."""

from dataclasses import replace
from pathlib import Path

import pytest
from oracle_endpoint import exam

from ultramed import params
from ultramed.claims import Claims
from ultramed.evaluation.metrics import TASKS
from ultramed.evaluation.tasks import chosen, draws, greedy, prompt, reply_type, requests
from ultramed.prompts import render
from ultramed.records import Assignment, BenchmarkItem, Completion, Instruction
from ultramed.sources.collect import Collection
from ultramed.training.mix import examples

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data/raw/sample"
SETTINGS = params.load(ROOT / "params.yaml")
BENCHMARKS = {n: SETTINGS.benchmarks[n] for n in ("medqa_test", "medmcqa_dev", "pubmedqa_test", "mmlu")}
SAME = {"medqa": "medqa_test", "medmcqa": "medmcqa_dev", "pubmedqa": "pubmedqa_test"}  # format of source and benchmark


def drawn(count: int | None, seed: int = 7) -> dict[str, list[str]]:
    return {task: [i.id for i in items] for task, items in chosen(BENCHMARKS, SAMPLE, count, seed).items()}


def items(task: str) -> list[BenchmarkItem]:
    return chosen(BENCHMARKS, SAMPLE, None, 7)[task]


def plan(**changes: object) -> params.Evaluate:
    return SETTINGS.evaluate.model_copy(update={"format": "text", "max_tokens": 50, **changes})


def as_source(form: str) -> dict[str, Instruction]:
    """The benchmark's questions by id, read as the pipeline reads a training source of that format."""
    source = SETTINGS.sources[form].model_copy(update={"prefix": SAME[form], "limit": None})
    found = Collection(form, source, SAMPLE / SAME[form], "open", 1.0)
    return {i.id: i for i in found}


def test_the_samples_benchmarks_are_the_nine_tasks_of_the_paper() -> None:
    sizes = {task: len(ids) for task, ids in drawn(None).items()}
    assert sizes == {"medqa": 12, "medmcqa": 12, "pubmedqa": 10} | {t: 8 for t in TASKS if t.startswith("mmlu_")}
    assert list(sizes) == list(TASKS)


def test_items_of_a_task_are_of_its_benchmark_and_subject() -> None:
    assert all(i.id.startswith("mmlu,anatomy_test/") for i in items("mmlu_anatomy"))
    assert {i.benchmark for i in items("pubmedqa")} == {"pubmedqa_test"}


def test_a_draw_is_stable_and_a_larger_one_keeps_what_a_smaller_one_took() -> None:
    few, more, every = drawn(3), drawn(5), drawn(None)
    assert few == drawn(3) != drawn(3, seed=8)
    for task in TASKS:
        assert (len(few[task]), len(more[task])) == (3, 5)
        assert set(few[task]) < set(more[task]) < set(every[task])
    assert drawn(1000) == every


def test_a_benchmark_that_is_left_out_changes_nothing_in_the_others() -> None:
    alone = chosen({"mmlu": BENCHMARKS["mmlu"]}, SAMPLE, 3, 7)
    assert {task: [i.id for i in found] for task, found in alone.items()} == {
        task: ids for task, ids in drawn(3).items() if task.startswith("mmlu_")}


@pytest.mark.parametrize("form", SAME)
def test_a_question_is_put_in_the_very_words_that_policies_are_trained_on(form: str) -> None:
    instructions = as_source(form)
    assert len(instructions) >= 10
    for item in items(form):
        i = instructions[item.id]
        assert prompt(item, "text").messages == (("user", i.prompt),)
        answer = Completion(f"{i.id}@t", i.id, "t", "", "So, the answer is A.", "A", 1, "k")
        (row, _), = examples([answer], {i.id: i}, {i.id: Assignment(i.id, i.id, "train")}, Claims(SETTINGS))
        assert tuple((m.role, m.content) for m in row.messages[:-1]) == prompt(item, "text").messages
        assert prompt(item, "json") == render("complete-exam-json", question=i.prompt)
    assert ("Context: " in instructions[item.id].prompt) == (form == "pubmedqa")


def test_mmlu_is_put_like_any_exam_item() -> None:
    item = items("mmlu_anatomy")[0]
    same = exam(item.id, item.question, [o.text for o in item.options], item.key)
    assert prompt(item, "text").messages == (("user", same.prompt),)
    assert same.prompt.startswith(f"{item.question}\n\nA. {item.options[0].text}\nB. ")


def test_greedily_each_item_is_asked_once_at_temperature_0() -> None:
    found = requests(items("medqa"), plan(), greedy(plan()))
    assert [r.row_id for r in found] == [i.id for i in items("medqa")]
    asked = {(r.step, r.sample, r.sampling.temperature, r.sampling.max_tokens) for r in found}
    assert asked == {("answer-1", 0, 0.0, 50)}
    assert {r.rights for r in found} == {"open"}


def test_draws_of_an_item_differ_in_seed_and_number_alone() -> None:
    sampling = draws(plan(), 4, 0.7, 0.9, 7)
    found = requests(items("medqa")[:2], plan(), sampling)
    first, second = found[:4], found[4:]
    assert len({s.seed for s in sampling}) == 4 and {(s.temperature, s.top_p, s.max_tokens) for s in sampling} == {
        (0.7, 0.9, 50)}
    assert [(r.step, r.sample) for r in first] == [(f"answer-{n + 1}", n) for n in range(4)]
    same = [replace(r, step="", sample=0, sampling=replace(r.sampling, seed=0)) for r in first]
    assert all(r == same[0] for r in same) and first[0].row_id != second[0].row_id
    assert len({r.key("p") for r in found}) == 8
    assert draws(plan(), 2, 0.7, 0.9, 7) == sampling[:2]  # more samples are asked for on top of those already bought


def test_a_json_reply_may_name_only_letters_that_the_item_has() -> None:
    item = items("pubmedqa")[0]
    kind = reply_type(item, plan(format="json"))
    assert kind is not None and kind.model_json_schema()["properties"]["answer"]["enum"] == ["A", "B", "C"]
    assert reply_type(item, plan()) is None
