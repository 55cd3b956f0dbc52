"""Rows and requests, derived by hand from 30 screened and 14 curated rows and the easy figures of `world`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plan_world import changed, lock

from ultramed import params
from ultramed.errors import ParamsError
from ultramed.params import EvolveSet, Models, Override, RemoteModel
from ultramed.planning.assumptions import load
from ultramed.planning.built import Built
from ultramed.planning.flow import Flow, Need
from ultramed.planning.ranges import Range, exact

Flows = Callable[..., Flow]
Needs = Callable[..., Need]


def test_rows_are_counted_where_built_and_flow_by_kept_shares_elsewhere(flow: Flows) -> None:
    built = flow(candidates={"prompts": 10})
    assert (built.rows("screen"), built.rows("curate")) == (exact(30), exact(14))
    assert built.rows("pool") == exact(10)
    # 3 pairs each at most, of which 0.3, 0.45 and all are selected
    assert built.rows("pair") == Range(9, 14, 30)
    lock({})
    screened = flow()
    assert screened.rows("screen@medqa") == Range(29, 34, 36)  # 0.8, 0.93 and all of the 36 rows of a sample
    assert screened.rows("screen").expected == 7 * 34, "seven sources"


def test_rows_of_the_original_file_are_assumed_unless_it_is_the_embedded_sample(world: Path) -> None:
    lock({})
    settings = params.load()

    def rows(name: str, limit: int | None) -> float:
        pin = settings.raw[name].model_copy(update={"location": "hf://datasets/a/b"})
        source = settings.sources[name].model_copy(update={"limit": limit})
        original = settings.model_copy(update={"raw": {**settings.raw, name: pin}, "sources": {name: source}})
        return Flow(original, load(), Built(original)).rows(f"source@{name}").expected
    assert (rows("medqa", None), rows("medqa", 3000)) == (10_178, 3_000)
    # 47,457 rows, of which 31,029 have no answer; a limit is of those that have one
    assert (rows("medquad", None), rows("medquad", 34_000), rows("medquad", 3_000)) == (16_428, 16_428, 3_000)


def test_the_screen_lets_in_what_rights_let_in(world: Path) -> None:
    lock({})
    api = RemoteModel(base_url="http://127.0.0.1:1/v1", model="m", revision="1", provider="p")
    local = params.load()
    remote = local.model_copy(update={"models": Models(local=local.models.local, remote={"api": api})})
    remote = changed(remote, judge={"model": "api"})
    denied = Override(rights="deny", by="a", on="2026-01-01", because="nobody has read its terms")
    overridden = changed(local, release={"overrides": {"medqa": denied}})

    def rows(settings: params.Params, name: str) -> float:
        return Flow(settings, load(), Built(settings)).rows(f"source@{name}").expected
    assert rows(local, "chatdoctor") == rows(local, "medqa") == rows(remote, "medqa") == 36
    assert rows(remote, "chatdoctor") == 0, "quarantined rows stay on this machine"
    assert rows(overridden, "medqa") == 0


def test_a_mixture_is_each_set_by_its_weight(flow: Flows) -> None:
    mixtures = {"instructions": {"ultramix": {"medical": 2.0, "openorca": 0.5}}}
    assert flow(mix=mixtures).rows("mix-instructions") == exact(20), "as built"
    lock({"curate": {"outs": [{"path": "data/curated"}]}})
    mixed = flow(mix=mixtures)
    # 14 curated rows, half of them to learn from; 0.9 × 36, rounded up to 33, general rows, and half of them
    assert mixed.rows("mix-instructions@ultramix").expected == 7 * 2 + 17
    counted = flow(mix={"instructions": {"ultramix": {"medical": 5, "openorca": 500}}})
    assert counted.rows("mix-instructions@ultramix").expected == 5 + 33, "a number of rows, if there are so many"


def test_complete_asks_again_where_the_key_was_missed_and_then_solvers(need: Needs) -> None:
    # low: none misses. expected: 14, half of them again, 2 solvers for a quarter. high: all of it, JSON twice
    twice = need("complete", complete={"attempts": 2, "solvers": 2})
    assert twice.calls == Range(14, 14 + 7 + 7, 2 * 14 + 14 * 2 * 2)
    assert need("complete", complete={"attempts": 3, "solvers": 0}).calls == Range(14, 25, 3 * 14)  # 14 + 7 + 3.5


def test_candidates_and_judge_ask_once_for_each_prompt(need: Needs) -> None:
    assert need("candidates@brief", candidates={"prompts": 12}).calls == exact(12)  # of 14
    assert need("candidates@brief", candidates={"prompts": None}).calls == exact(14)
    assert need("judge", candidates={"prompts": 12}).calls == Range(12, 12, 24)  # at most each once more


def test_sample_asks_prompts_times_samples(need: Needs) -> None:
    assert need("sample@1", iterate={"prompts": 8, "samples": 3}).calls == exact(24)
    assert need("sample@1", iterate={"prompts": None, "samples": 3}).calls == exact(60)  # the mixture has 20


def test_evaluate_asks_items_of_nine_tasks_and_ensembles_n_times(need: Needs) -> None:
    assert need("evaluate@kto", evaluate={"items": 3}).calls == exact(9 * 3)
    assert need("ensemble@sft", evaluate={"items": 3}).calls == exact(9 * 3 * 3)  # 3 samples
    # MedQA, MedMCQA, PubMedQA, and six subjects of MMLU
    whole = 1273 + 4183 + 500 + 265 + 100 + 135 + 272 + 144 + 173
    assert need("evaluate@base", evaluate={"items": None}).calls.expected == pytest.approx(whole, rel=0.001)


def test_textbook_tries_again_with_another_seed(need: Needs) -> None:
    # half of them again; at worst all, each in the wrong shape once; then 2 + 4 solvers of 3, 4 or 6 items
    assert need("textbook", textbook={"paragraphs": 6, "tries": 2, "blind": 2}, evolve={"verifiers": 4}).calls == Range(
        6 + 3 * 6, 6 + 3 + 4 * 6, (6 + 6) * 2 + 6 * 6 * 2)
    once = need("textbook", textbook={"paragraphs": 6, "tries": 1, "blind": 0}, evolve={"verifiers": 4})
    assert once.calls.expected == 6 + 4 * 4


def test_wikipedia_asks_domains_then_subfields(need: Needs) -> None:
    asked = need("wikipedia", wikipedia={"domains": 4, "subfields": 3, "instructions": 2, "max_tokens": 160})
    assert asked.calls.expected == 4 + 4 * 3
    assert asked.generated_tokens.expected == 4 * (3 * 10) + 4 * 3 * (2 * 70)  # a name of 10 tokens, a task of 70
    brief = need("wikipedia", wikipedia={"domains": 4, "subfields": 3, "instructions": 2, "max_tokens": 20})
    assert brief.generated_tokens.expected == (4 + 4 * 3) * 20


def test_evolve_continues_with_what_the_round_before_kept(flow: Flows, need: Needs) -> None:
    # 7 parents × 2 variants = 14 drafts, half again; 14 × 4 solvers; half kept: 7 × 2 = 14 drafts in round 2
    medqa: dict[str, Any] = {"sets": {"medqa": EvolveSet(rows="data/screened", parents=7, rounds=2, variants=2)}}
    assert need("evolve@medqa", evolve=medqa | {"verifiers": 4, "tries": 2}).calls.expected == 2 * (14 + 7 + 14 * 4)
    assert flow(evolve=medqa).rows("evolve").expected == 14


def test_an_open_question_has_no_solvers(need: Needs) -> None:
    sets = {"wikipedia": EvolveSet(rows="data/synthetic/wikipedia", parents=4, rounds=1, variants=1)}
    assert need("evolve@wikipedia", evolve={"sets": sets, "tries": 1}).calls.expected == 4


@pytest.mark.parametrize(("method", "again", "written"), [("logprob", 1, 1), ("text", 2, 70)])
def test_score_asks_once_for_every_row(flow: Flows, need: Needs, method: str, again: int, written: int) -> None:
    none: dict[str, Any] = {"evolve": {"sets": {}}}
    written_rows = flow(**none).rows("textbook") + flow(**none).rows("wikipedia")
    asked = need("score", score={"method": method}, **none)
    assert asked.calls.expected == 30 + written_rows.expected
    assert asked.calls.high == (30 + written_rows.high) * again, "JSON of the wrong shape is asked for once more"
    assert asked.generated_tokens.expected == asked.calls.expected * written


def test_the_judge_reads_every_candidate(need: Needs) -> None:
    pool = params.load().candidates.pool
    three = need("judge", candidates={"prompts": 10}).prompt_tokens.expected
    assert three == 10 * 3 * 440  # tokens of an answer with its share of the prompt
    one = need("judge", candidates={"prompts": 10, "pool": {"brief": pool["brief"]}}).prompt_tokens.expected
    assert one == three / 3


def test_a_reward_model_reads_answers_with_their_references_ensembles_and_both_sides_of_test_pairs(flow: Flows) -> None:
    plan = flow(iterate={"prompts": 8, "samples": 3}, candidates={"prompts": 10}, evaluate={"items": 3},
                split={"test": 0.5})
    read = {stage: need.calls.expected for (stage, model), need in plan.asks().items() if not model}
    # pairs: ⌈10 × 3 × 0.45⌉ = 14, half of them in the split test
    assert read == {"sample@1": 8 * (3 + 1), "ensemble@sft": 9 * 3 * 3, "rewardbench@reward": 2 * 7}


@pytest.mark.parametrize(("spoil", "said"), [
    (lambda t: t["rows"].pop("pool"), "conf/plan.yaml: rows.pool: is missing"),
    (lambda t: t["rows"]["screen"].update(times=["screen.kpt"]), "conf/plan.yaml: numbers.screen.kpt: is missing"),
])
def test_a_name_that_nothing_has_is_an_error(flow: Flows, spoil: Callable[[dict[str, Any]], object], said: str) -> None:
    lock({})
    tree = json.loads(Path("conf/plan.yaml").read_text())
    spoil(tree)
    Path("conf/plan.yaml").write_text(json.dumps(tree))
    with pytest.raises(ParamsError, match=said):
        flow().asks()
