"""Varying data and training: only what depends on a change runs, and nothing is asked twice."""

import json
import time
from collections.abc import Iterator

import duckdb
import pytest
from workspace import Workspace

pytestmark = pytest.mark.slow
POLICIES = ("base", "sft", "dpo", "iterate-1")


@pytest.fixture(autouse=True)
def restored(built: Workspace) -> Iterator[None]:
    """Restore the workspace after each test, even a failed one."""
    yield
    built.restore()


def test_an_experiment_reruns_only_what_depends_on_it(built: Workspace) -> None:
    asked = built.replies()
    output = built.run("dvc", "exp", "run", "-n", "stricter", "-S", "pair.easy=3", "summary")
    assert "Running stage 'pair'" in output
    for stage in ("screen", "score", "curate", "complete", "judge"):
        assert f"Running stage '{stage}'" not in output
    assert built.replies() == asked


def test_a_loosened_threshold_asks_only_about_the_new_rows(built: Workspace) -> None:
    asked, before = built.replies(), set(_curated(built))
    output = built.run("dvc", "exp", "run", "-n", "stricter-curate", "-S", "curate.min_score.medmcqa=5", "summary")
    assert "Running stage 'score'" not in output and "Running stage 'curate'" in output
    after = set(_curated(built))
    assert before - after and not {i for i in after if i.startswith("MedMCQA,")}
    # rows were removed and none added: completions need nothing new; other rows may fill the pool
    assert built.replies() - asked <= 12 * 5


def test_three_queued_experiments_share_the_ledger(built: Workspace) -> None:
    asked = built.replies()
    for easy in (2, 3, 4):
        change = ("-S", f"pair.easy={easy}", "-S", "pair.hard=0")
        built.run("dvc", "exp", "run", "--queue", "-n", f"queued-{easy}", *change, "summary")
    built.run("dvc", "queue", "start", "-j", "2")
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline:
        status = built.run("dvc", "queue", "status")
        if "Queued" not in status and "Running" not in status:
            break
        time.sleep(5)
    assert status.count("Success") >= 3, status + built.run("dvc", "queue", "logs", "queued-2")
    assert built.replies() == asked
    shown = json.loads(built.run("dvc", "exp", "show", "--json"))
    assert "metrics.json" in json.dumps(shown)


def test_a_model_of_ours_joins_the_pool(built: Workspace) -> None:
    """The paper's eighth member: train@sft, candidates, judge, pair."""
    asked = built.replies()
    member = "+candidates.pool.ultramedical={model: sft, prompt: question, temperature: 0.7, max_tokens: 48}"
    output = built.run("dvc", "exp", "run", "-n", "ours", "-S", member, "-S", "~candidates.pool.creative", "pair")
    assert _ran(output) == {"candidates@ultramedical", "check-candidates", "judge", "check-judged", "pair"}
    assert built.replies() > asked
    texts = _column(built, "text", "candidates/ultramedical/rows")
    assert len(texts) == len(set(_column(built, "instruction_id", "candidates/ultramedical/rows"))) > 5 and all(texts)
    assert set(_column(built, "model", "candidates/ultramedical/manifest")) == {"sft"}
    pairs = _column(built, "id", "paired/rows")
    assert any("ultramedical" in pair for pair in pairs) and not any("creative" in pair for pair in pairs)


def test_a_remote_model_that_nothing_asks_remakes_no_rows(built: Workspace) -> None:
    model = "+models.remote.api={base_url: 'http://127.0.0.1:9/v1', model: m, revision: '1', provider: p, rights: open}"
    assert _ran(built.run("dvc", "exp", "run", "-n", "remote", "-S", model, "screen")) == set()


def test_another_weight_of_a_mixture_retrains_what_learns_from_it(built: Workspace) -> None:
    before, left = _ultrainteract(built)
    changed = "mix.preferences.ranked.ultrainteract=1.0"
    output = built.run("dvc", "exp", "run", "-n", "weight", "-S", changed, "train@reward")
    assert _ran(output) == {"mix-preferences@ranked", "check-preferences", "train@reward"}
    assert before > 0 < left and _ultrainteract(built) == (before + left, 0)


def _ultrainteract(built: Workspace) -> tuple[int, int]:
    """Number of the set's rows in training, and number left out by its weight."""
    codes = _column(built, "code", "preferences/ranked/verdicts", "id LIKE 'UltraInteract,%'")
    return codes.count("drawn"), codes.count("not_drawn")


def test_an_added_round_trains_that_round_alone(built: Workspace) -> None:
    output = built.run("dvc", "exp", "run", "-n", "two-rounds", "-S", "+iterate.rounds.2={from: iterate-1}",
                       "-S", "+evaluate.policies.iterate-2={}", "results")
    assert _ran(output) == {"sample@2", "iterate@2", "evaluate@iterate-2", "check-evaluated", "results"}
    accuracy = json.loads((built.root / "results.json").read_text())["accuracy"]
    assert {"iterate-1", "iterate-2"} <= set(accuracy)


def test_a_training_param_retrains_that_model_and_what_starts_from_it(built: Workspace) -> None:
    output = built.run("dvc", "exp", "run", "-n", "beta", "-S", "train.dpo.beta=0.3", "iterate@1")
    assert _ran(output) == {"train@dpo", "sample@1", "iterate@1"}
    assert set(json.loads(built.run("dvc", "status", "--json"))) & {f"evaluate@{name}" for name in POLICIES} == {
        "evaluate@dpo", "evaluate@iterate-1"}
    told = built.ultramed("summary")
    starred = {name for name in POLICIES if f"\n{name}*" in told}
    assert starred == {"dpo", "iterate-1"} and "Full report*: " in told


def _ran(output: str) -> set[str]:
    """Stages that ran, without `params`, which every change of params.yaml runs."""
    stages = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    assert "params" in stages
    return stages - {"params"}


def _curated(built: Workspace) -> list[str]:
    return _column(built, "id", "curated/rows")


def _column(built: Workspace, name: str, table: str, where: str = "true") -> list[str]:
    files = f"{built.root}/data/{table}-*.parquet"
    rows = duckdb.sql(f"SELECT {name} FROM read_parquet('{files}') WHERE {where}").fetchall()
    return [row[0] for row in rows]
