"""Benchmarks: every question or an error, with the publishers' keys."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from ultramed import params
from ultramed.errors import SourceError
from ultramed.params import Benchmark
from ultramed.records import BenchmarkItem
from ultramed.sources.questions import questions

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data/raw/sample"
ABSTRACT = {"QUESTION": "Does it help?", "CONTEXTS": ["We counted."], "LABELS": ["METHODS"], "final_decision": "no"}


def of(form: str, folder: Path) -> list[BenchmarkItem]:
    """The questions of a folder in a format."""
    return list(questions("bench", Benchmark(location="", format=form), folder))


def abstracts(folder: Path, truth: dict[str, str] | None) -> list[BenchmarkItem]:
    (folder / "ori_pqal.json").write_text(json.dumps({"1": ABSTRACT, "2": ABSTRACT, "3": ABSTRACT}))
    if truth is not None:
        (folder / "test_ground_truth.json").write_text(json.dumps(truth))
    return of("pubmedqa", folder)


@pytest.mark.parametrize(("name", "benchmark"), params.load(ROOT / "params.yaml").benchmarks.items())
def test_sample_benchmarks_are_whole(name: str, benchmark: params.Benchmark) -> None:
    found = list(questions(name, benchmark, SAMPLE / name))
    assert len(found) >= 10 and len({q.id for q in found}) == len(found)
    assert all(q.benchmark == name and q.key in {o.letter for o in q.options} for q in found)
    assert all((q.context is not None) == (benchmark.format == "pubmedqa") for q in found)
    assert not any("Context:" in q.question for q in found)


def test_pubmedqa_takes_the_abstracts_that_the_truth_names(tmp_path: Path) -> None:
    assert [q.id for q in abstracts(tmp_path, None)] == [f"bench,{n}" for n in "123"]
    (item,) = abstracts(tmp_path, {"2": "no"})
    assert item == BenchmarkItem("bench,2", "bench", "Does it help?", "METHODS: We counted.",
                                 item.options, "B")


@pytest.mark.parametrize(("truth", "said"), [
    ({"2": "yes"}, "says 'yes' for 2, whose key is B"), ({"2": "no", "9": "no"}, "names 1 abstract.*first is 9"),
])
def test_pubmedqa_truth_that_does_not_fit_is_an_error(tmp_path: Path, truth: dict[str, str], said: str) -> None:
    with pytest.raises(SourceError, match=said):
        abstracts(tmp_path, truth)


def test_a_broken_benchmark_row_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_text('{"question": "Q?", "cop": 7, "opa": "a", "opb": "b", "opc": "c", "opd": "d"}')
    with pytest.raises(SourceError, match=r"dev\.json:1: key_out_of_range.*must be complete"):
        of("medmcqa", tmp_path)


@pytest.mark.parametrize(("line", "said"), [
    ("Q?,a,b,c,d", "5 of 5 fields"), ("Q?,a,,c,d,A", "5 of 6 fields"), ("Q?,a,b,c,d,E", "the answer is 'E'"),
    ("Q?,a,b,c,d,AB", "the answer is 'AB'"),
    ('Q?,"a', "unexpected end of data"),
])
def test_a_broken_mmlu_row_is_an_error_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "anatomy_test.csv").write_text(f'"Two\nlines?",a,b,c,d,A\n{line}')
    with pytest.raises(SourceError, match=rf"anatomy_test\.csv:3: {said}"):
        of("mmlu", tmp_path)


def test_real_mmlu_subjects() -> None:
    root = os.environ.get("ULTRAMED_REALDATA")
    if not root:
        pytest.skip("ULTRAMED_REALDATA is not set: no real public files on this machine")
    found = list(of("mmlu", Path(root) / "02_mcq_eval/MIRAGE_mmlu_med/rawdata"))
    sizes = Counter(q.subject for q in found)
    assert sizes == {  # the published sizes of these subjects, 1,089 in all
        "clinical_knowledge": 265, "medical_genetics": 100, "anatomy": 135, "professional_medicine": 272,
        "college_biology": 144, "college_medicine": 173}
