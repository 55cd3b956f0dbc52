"""What policies are asked: which items, in what words, with what sampling."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from oracle_endpoint import exam

from ultramed import artifacts, params
from ultramed.claims import Claims
from ultramed.errors import SourceError
from ultramed.evaluation.kinds.multiple_choice import prompt, reply_type
from ultramed.evaluation.metrics import TASKS
from ultramed.evaluation.tasks import Task, benchmark_of, draws, greedy, requests, tasks
from ultramed.prompts import render
from ultramed.records import Assignment, Completion, Instruction
from ultramed.sources.collect import Collection
from ultramed.training.mix import examples

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data/raw/sample"
SETTINGS = params.load(ROOT / "params.yaml")
SAME = {"medqa": "medqa_test", "medmcqa": "medmcqa_dev", "pubmedqa": "pubmedqa_test"}  # source and benchmark


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's benchmarks, where fetch puts them."""
    folder = tmp_path_factory.mktemp("base")
    for name in SETTINGS.benchmarks:
        shutil.copytree(SAMPLE / name, folder / artifacts.BENCHMARKS / name)
    return folder


def settings(count: int | None, seed: int = 7, **benchmarks: params.Benchmark) -> params.Params:
    evaluate = SETTINGS.evaluate.model_copy(update={"items": count})
    named = benchmarks or SETTINGS.benchmarks
    return SETTINGS.model_copy(update={"evaluate": evaluate, "seed": seed, "benchmarks": named})


def drawn(base: Path, count: int | None, seed: int = 7) -> dict[str, list[str]]:
    return ids(tasks(settings(count, seed), base))


def ids(found: list[Task]) -> dict[str, list[str]]:
    return {task.name: [i.id for i in task.items] for task in found}


def task(base: Path, name: str) -> Task:
    return next(t for t in tasks(settings(None), base) if t.name == name)


def plan(**changes: object) -> params.Evaluate:
    return SETTINGS.evaluate.model_copy(update={"format": "text", "max_tokens": 50, **changes})


def as_source(form: str) -> dict[str, Instruction]:
    """The benchmark's questions by id, read as the pipeline reads a training source of that format."""
    source = SETTINGS.sources[form].model_copy(update={"prefix": SAME[form], "limit": None})
    found = Collection(form, source, SAMPLE / SAME[form], "open", 1.0)
    return {i.id: i for i in found}


def test_the_samples_benchmarks_are_the_nine_tasks_of_the_paper(base: Path) -> None:
    sizes = {name: len(found) for name, found in drawn(base, None).items()}
    subjects = {t: 8 for t in TASKS if t.startswith("mmlu_")}
    assert sizes == {"medqa_test": 12, "medmcqa_dev": 12, "pubmedqa_test": 10} | subjects
    assert list(sizes) == list(TASKS)


def test_items_of_a_task_are_of_its_benchmark_and_subject(base: Path) -> None:
    assert all(i.id.startswith("mmlu,anatomy_test/") for i in task(base, "mmlu_anatomy").items)
    assert {i.benchmark for i in task(base, "pubmedqa_test").items} == {"pubmedqa_test"}


def test_a_draw_is_stable_and_a_larger_one_keeps_what_a_smaller_one_took(base: Path) -> None:
    few, more, every = drawn(base, 3), drawn(base, 5), drawn(base, None)
    assert few == drawn(base, 3) != drawn(base, 3, seed=8)
    for name in TASKS:
        assert (len(few[name]), len(more[name])) == (3, 5)
        assert set(few[name]) < set(more[name]) < set(every[name])
    assert drawn(base, 1000) == every


def test_a_benchmark_that_is_left_out_changes_nothing_in_the_others(base: Path) -> None:
    alone = tasks(settings(3, mmlu=SETTINGS.benchmarks["mmlu"]), base)
    assert ids(alone) == {name: found for name, found in drawn(base, 3).items() if name.startswith("mmlu_")}


@pytest.mark.parametrize("form", SAME)
def test_a_question_is_put_in_the_very_words_that_policies_are_trained_on(base: Path, form: str) -> None:
    instructions = as_source(form)
    assert len(instructions) >= 10
    for item in task(base, SAME[form]).items:
        i = instructions[item.id]
        assert prompt(item, "text").messages == (("user", i.prompt),)
        answer = Completion(f"{i.id}@t", i.id, "t", "", "So, the answer is A.", "A", 1, "k")
        (row, _), = examples([answer], {i.id: i}, {i.id: Assignment(i.id, i.id, "train")}, Claims(SETTINGS))
        assert tuple((m.role, m.content) for m in row.messages[:-1]) == prompt(item, "text").messages
        assert prompt(item, "json") == render("complete-exam-json", question=i.prompt)
    assert ("Context: " in instructions[item.id].prompt) == (form == "pubmedqa")


def test_mmlu_is_put_like_any_exam_item(base: Path) -> None:
    item = task(base, "mmlu_anatomy").items[0]
    same = exam(item.id, item.question, [o.text for o in item.options], item.key)
    assert prompt(item, "text").messages == (("user", same.prompt),)
    assert same.prompt.startswith(f"{item.question}\n\nA. {item.options[0].text}\nB. ")


def test_greedily_each_item_is_asked_once_at_temperature_0(base: Path) -> None:
    found = requests(task(base, "medqa_test"), plan(), greedy(plan()))
    assert [r.row_id for r in found] == [i.id for i in task(base, "medqa_test").items]
    asked = {(r.step, r.sample, r.sampling.temperature, r.sampling.max_tokens) for r in found}
    assert asked == {("answer-1", 0, 0.0, 50)}
    assert {r.rights for r in found} == {"open"}


def ensemble(samples: int) -> params.Ensemble:
    return params.Ensemble(samples=samples, temperature=0.7, top_p=0.9, reward="reward")


def test_draws_of_an_item_differ_in_seed_and_number_alone(base: Path) -> None:
    medqa, sampling = task(base, "medqa_test"), draws(plan(), ensemble(4), 7)
    found = requests(replace(medqa, items=medqa.items[:2]), plan(), sampling)
    first, second = found[:4], found[4:]
    assert len({s.seed for s in sampling}) == 4 and {(s.temperature, s.top_p, s.max_tokens) for s in sampling} == {
        (0.7, 0.9, 50)}
    assert [(r.step, r.sample) for r in first] == [(f"answer-{n + 1}", n) for n in range(4)]
    same = [replace(r, step="", sample=0, sampling=replace(r.sampling, seed=0)) for r in first]
    assert all(r == same[0] for r in same) and first[0].row_id != second[0].row_id
    assert len({r.key("p") for r in found}) == 8
    assert draws(plan(), ensemble(2), 7) == sampling[:2]  # more samples are added to those already bought


def test_a_json_reply_may_name_only_letters_that_the_item_has(base: Path) -> None:
    item = task(base, "pubmedqa_test").items[0]
    kind = reply_type(item, plan(format="json"))
    assert kind is not None and kind.model_json_schema()["properties"]["answer"]["enum"] == ["A", "B", "C"]
    assert reply_type(item, plan()) is None


def test_two_benchmarks_of_one_format_are_two_tasks(base: Path) -> None:
    """Merged, they would be one task of 24 items."""
    shutil.copytree(base / artifacts.BENCHMARKS / "medqa_test", base / artifacts.BENCHMARKS / "medqa_own")
    both = {name: SETTINGS.benchmarks["medqa_test"] for name in ("medqa_test", "medqa_own")}
    found = ids(tasks(settings(None, **both), base))
    assert {name: len(rows) for name, rows in found.items()} == {"medqa_test": 12, "medqa_own": 12}
    assert all(i.startswith(f"{name},") for name, rows in found.items() for i in rows)


def test_two_tasks_of_one_name_are_refused(base: Path) -> None:
    shutil.copytree(base / artifacts.BENCHMARKS / "medqa_test", base / artifacts.BENCHMARKS / "mmlu_anatomy")
    clash = {"mmlu": SETTINGS.benchmarks["mmlu"], "mmlu_anatomy": SETTINGS.benchmarks["medqa_test"]}
    with pytest.raises(SourceError, match="mmlu_anatomy: is the name of two tasks"):
        tasks(settings(None, **clash), base)


def test_an_item_that_its_kind_of_task_cannot_use_is_an_error(base: Path) -> None:
    columns = params.BenchmarkColumns(question="question")
    open_ = params.Benchmark(location="", format="columns", columns=columns)
    with pytest.raises(SourceError, match="medqa_test,0: has no options, which its kind of task needs"):
        tasks(settings(None, medqa_test=open_), base)


@pytest.mark.parametrize(("name", "benchmark"), [
    ("medqa_test", "medqa_test"), ("mmlu_anatomy", "mmlu"), ("mmlu_pro", "mmlu_pro"), ("mmlu_pro_law", "mmlu_pro"),
    ("mmluanatomy", None), ("medqa", None),
])
def test_a_task_belongs_to_the_benchmark_with_the_longest_fitting_name(name: str, benchmark: str | None) -> None:
    assert benchmark_of(name, ["mmlu", "mmlu_pro", "medqa_test"]) == benchmark
