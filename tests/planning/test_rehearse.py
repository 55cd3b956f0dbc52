"""A plan that rehearses stages with their real inputs: it predicts what the run then costs, and sends nothing."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from oracle_endpoint import ROOT, Served, asked, exam
from ruamel.yaml import YAML

from stages.data import candidates, complete, evolve, judge, score, wikipedia
from ultramed import params, paths, tables
from ultramed.cli import app
from ultramed.errors import RightsError
from ultramed.fakes.oracle import Biases, Oracle
from ultramed.ledger.ledger import Ledger
from ultramed.params import BudgetUSD
from ultramed.planning.display import limits, unanswered
from ultramed.planning.limits import Limit
from ultramed.planning.plan import Asking, make
from ultramed.records import Completion, Example, Instruction, Message, Score, Verdict, keep

WORDS = ["fever", "cough", "rash", "edema", "nausea", "pallor", "jaundice", "syncope", "ataxia", "dyspnea"]
# in dvc.lock by stage; outputs of asking stages have other stage names there, so that none of these is up to date
MADE = {"screen": "data/screened", "curate": "data/curated"} | {path: path for path in (
    "data/synthetic/wikipedia", "data/synthetic/textbook", "data/scored", "data/evolved/medqa",
    "data/evolved/textbook", "data/evolved/wikipedia", "data/completed", "models/local/encoder",
    *(f"data/raw/{name}" for name in ("textbooks", "domains", "encyclopedia")),
    *(f"data/candidates/{author}" for author in ("careful", "brief", "creative", "source")))}
INPUTS = ("screened", "synthetic/wikipedia", "synthetic/textbook", "evolved/medqa", "evolved/textbook",
          "evolved/wikipedia", "curated", "scored", "completed",
          *(f"candidates/{author}" for author in ("careful", "brief", "creative", "source")))  # as `inputs` writes them
RUNS: dict[str, Any] = {
    "score": score.main, "complete": complete.main, "candidates@careful": lambda: candidates.main("careful"),
    "judge": judge.main, "evolve@medqa": lambda: evolve.main("medqa"), "wikipedia": wikipedia.main,
}


def item(number: int) -> Instruction:
    """An exam item whose length varies, or an open question."""
    told = " ".join(WORDS[(number * k) % 10] for k in range(1, 8 + number % 40))
    if number % 4 == 0:
        return asked(f"MedQuad,{number}", f"What does a patient with {told} need, in case {number}?", source="medquad")
    return exam(f"MedQA,{number}", f"Case {number}: a patient has {told}. Which drug is right?",
                [f"{o} {number}" for o in ("Aspirin", "Heparin", "Warfarin", "Digoxin")], "ABCD"[number % 4])


def inputs(count: int) -> None:
    """Everything that the stages read, with this many rows."""
    rows = sorted(map(item, range(1, count + 1)), key=lambda i: i.id)
    for place in ("screened", "synthetic/wikipedia", "synthetic/textbook", "evolved/medqa", "evolved/textbook",
                  "evolved/wikipedia", "curated"):
        put(place, Instruction, rows if place in ("screened", "curated") else [])
    put("scored", Score, [Score(i.id, 5.0, "logprob", "", "-") for i in rows])
    put("completed", Completion, [], verdicts=[keep(i.id, "complete") for i in rows])
    for author in ("careful", "brief", "creative", "source"):
        put(f"candidates/{author}", Completion, [
            Completion(f"{i.id}@{author}", i.id, author, "", f"Of {author}: {i.question[:60]}", None, 1, None)
            for i in rows])


def put(place: str, kind: Any, rows: list[Any], verdicts: list[Verdict] | None = None) -> None:
    with tables.artifact(Path("data") / place) as folder:
        tables.write(folder, "rows", kind, rows)
        if verdicts is not None:
            tables.write(folder, "verdicts", Verdict, verdicts)


@pytest.fixture
def oracle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A repository whose stages ask a fallible oracle, at a price."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    shutil.copytree(ROOT / "conf", "conf")
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    no_scm = True\n")
    encoder = pytest.importorskip("static_model", reason="the embedded encoder is not installed")
    Path("models/local").mkdir(parents=True)
    Path("models/local/encoder").symlink_to(Path(encoder.__file__).parent / "model")
    truth = {"answers": {i.question: next(o.text for o in i.options if o.letter == i.key)
                         for i in map(item, range(1, 401)) if i.options}}
    with Served(Oracle(truth, Biases(error=0.3))) as served:
        write_params(served.address)
        write_lock(MADE)
        yield served


def write_lock(made: dict[str, str]) -> None:
    """Write a dvc.lock in which each stage has made one path."""
    stages = {name: {"cmd": "true", "outs": [{"path": path}]} for name, path in made.items()}
    Path("dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": stages}))


def write_params(address: str, **price: float) -> None:
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    text = re.sub(r"model: smollm2\b", "model: oracle", text)
    tree = YAML(typ="safe").load(text)
    tree["base"]["model"] = "smollm2"
    tree["evolve"]["verifier"] = tree["complete"]["solver"] = ["oracle"]
    tree["models"]["remote"] = {"oracle": {
        "base_url": address, "model": "oracle", "revision": "1", "provider": "here", "rights": "open",
        "concurrency": 16, "price": {"prompt": 2.0, "completion": 8.0} | price}}
    tree["evolve"]["sets"]["medqa"]["parents"] = None
    tree["candidates"]["prompts"] = None
    Path("params.yaml").write_text(json.dumps(tree))


def planned(stage: str) -> Asking:
    return next(a for a in make(params.load()).asking if a.stage == stage)


def paid() -> tuple[int, float]:
    with closing(Ledger(paths.ledger())) as ledger:
        ((count, price),) = ledger.read("SELECT count(*), coalesce(sum(price_usd), 0) FROM replies")
    return count, price


@pytest.mark.parametrize("stage", ["score", "complete", "candidates@careful", "judge", "evolve@medqa"])
def test_a_plan_after_a_trial_is_what_the_run_then_costs(oracle: Served, stage: str) -> None:
    inputs(80)
    RUNS[stage]()
    inputs(400)
    count, price = paid()
    asked_before = len(oracle.bodies)
    plan = planned(stage)
    assert len(oracle.bodies) == asked_before, "nothing is sent"
    assert plan.measured and plan.known == count and plan.price_usd is not None
    RUNS[stage]()
    cost = paid()[1] - price
    assert cost > 0 and plan.price_usd.expected == pytest.approx(cost, rel=0.15)
    assert plan.calls.expected == pytest.approx(paid()[0] - count, rel=0.15)
    after = planned(stage)
    assert after.calls.high == 0 and plan.known < after.known <= paid()[0], "what was bought is not planned again"


def test_without_a_trial_the_calls_of_the_first_pass_are_exact(oracle: Served) -> None:
    inputs(100)
    plan = planned("judge")
    assert (plan.known, plan.measured) == (0, True)
    assert plan.calls.low == 100
    judge.main()
    assert len(oracle.bodies) == 100


def test_stages_that_ask_a_policy_of_ours_are_rehearsed_without_loading_the_reward_model(oracle: Served) -> None:
    """The reward model exists only as a training record: the plan covers only the policies' answers."""
    inputs(3)
    made = ["data/instructions/ultramix", "models/local/smollm2", *(f"models/transformers/{p}" for p in ("sft", "dpo")),
            *(f"models/identity/{p}.json" for p in ("sft", "dpo"))]
    turns = [Message("user", "Which ion falls?"), Message("assistant", "Potassium falls.")]
    put("instructions/ultramix", Example, [Example(f"e{n}", "medical", turns, f"e{n}", "open") for n in range(20)])
    Path("models/identity").mkdir()
    Path("models/local/smollm2").mkdir(parents=True)
    for policy in ("sft", "dpo"):
        Path(f"models/transformers/{policy}").mkdir(parents=True)
        Path(f"models/identity/{policy}.json").write_text(json.dumps({"identity": f"local:{policy}"}))
    record = Path("models/transformers/reward/training.json")
    record.parent.mkdir()
    record.write_text('{"method": "reward"}')
    for name in params.load().benchmarks:
        shutil.copytree(ROOT / "data/raw/sample" / name, Path("data/raw/benchmarks") / name)
    made.append("data/raw/benchmarks")
    write_lock(MADE | {path: path for path in made})
    sampled, once, often = (planned(stage) for stage in ("sample@1", "evaluate@sft", "ensemble@sft"))
    assert sampled.measured and (sampled.calls.low, sampled.calls.high) == (8 * 3, 8 * 3), "8 prompts, 3 samples"
    assert once.measured and often.measured and often.calls.low == 3 * once.calls.low > 0


def test_text_that_must_not_leave_is_refused_by_the_plan_too(oracle: Served) -> None:
    inputs(3)
    put("scored", Score, [Score("ChatDoctor,1", 5.0, "logprob", "", "-")])
    put("curated", Instruction, [asked("ChatDoctor,1", "Why do I cough?", rights="quarantine")])
    with pytest.raises(RightsError, match="must not leave this machine"):
        make(params.load())


def test_inputs_made_with_other_params_are_not_rehearsed(oracle: Served) -> None:
    inputs(30)
    lock = json.loads(Path("dvc.lock").read_text())
    lock["stages"]["curate"]["params"] = {"params.yaml": {"curate.min_score.medqa": 9.9}}
    Path("dvc.lock").write_text(json.dumps(lock))
    assert not planned("judge").measured and planned("score").measured


def test_a_price_that_nobody_knows_is_exit_code_1_and_the_plan_is_shown_all_the_same(
    oracle: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs(30)
    tree = json.loads(Path("params.yaml").read_text())
    del tree["models"]["remote"]["oracle"]["price"]
    Path("params.yaml").write_text(json.dumps(tree))
    monkeypatch.setattr(sys, "argv", ["ultramed", "plan"])
    with pytest.raises(SystemExit) as ended:
        app()
    captured = capsys.readouterr()
    assert ended.value.code == 1 and "no price is known for oracle; set price: " in captured.err
    assert "judge" in captured.out and "price unknown" in captured.out


def test_a_missing_key_of_a_model_that_will_be_asked_is_exit_code_1(
    oracle: Served, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs(30)
    tree = json.loads(Path("params.yaml").read_text())
    tree["models"]["remote"]["oracle"]["api_key_env"] = "A_KEY_FOR_TESTS"
    Path("params.yaml").write_text(json.dumps(tree))
    monkeypatch.delenv("A_KEY_FOR_TESTS", raising=False)
    monkeypatch.setattr(sys, "argv", ["ultramed", "plan"])
    with pytest.raises(SystemExit) as ended:
        app()
    captured = capsys.readouterr()
    assert ended.value.code == 1 and "its key A_KEY_FOR_TESTS is not set; export A_KEY_FOR_TESTS=…" in captured.err
    assert "judge" in captured.out


def test_a_plan_that_may_pass_the_budget_says_so(oracle: Served) -> None:
    inputs(100)
    settings = params.load()
    for_judge, for_score, for_all = limits(make(settings.model_copy(update={"budget_usd": BudgetUSD(
        total=1000.0, stages={"judge": 0.0001, "score": 1000.0})})))
    assert for_judge.startswith("! budget_usd.stages.judge is USD 0.0001: 0.00 spent or reserved, 0.0001 left, 0.")
    assert for_score.startswith("budget_usd.stages.score is USD 1,000.00: 0.00 spent or reserved, 1,000.00 left, ")
    assert for_all.startswith("budget_usd.total is USD 1,000.00")


def test_what_was_spent_is_no_longer_there_for_what_is_planned(oracle: Served) -> None:
    inputs(60)
    score.main()
    settings, spent = params.load(), paid()[1]

    def planned_under(**stated: Any) -> list[Limit]:
        return make(settings.model_copy(update={"budget_usd": BudgetUSD(**stated)})).budget

    of_score, of_all = planned_under(stages={"score": 1.01 * spent}, total=1000.0)
    assert of_score.spent_usd == of_all.spent_usd == pytest.approx(spent)
    assert of_score.planned_usd.high == 0 and not of_score.too_low, "what is bought is not to be paid again"
    high = of_all.planned_usd.high
    assert [planned_under(total=high + share * spent)[0].too_low for share in (0.9, 1.1)] == [True, False]


def test_a_stage_that_is_up_to_date_costs_nothing_whatever_it_went_without(oracle: Served) -> None:
    """With real DVC: the ledger lacks ten of the stage's replies, as if those rows were refused."""
    inputs(30)
    Path("dvc.yaml").write_text(json.dumps({"stages": {
        "inputs": {"cmd": "true", "outs": [f"data/{place}" for place in INPUTS if place != "scored"]},
        "score": {"cmd": "true", "deps": ["data/screened"], "outs": ["data/scored"]},
        "train": {"foreach": ["sft"], "do": {"cmd": "true", "outs": ["models/transformers/sft"]}}}}))
    Path("models/transformers/sft").mkdir(parents=True)
    score.main()
    Path("dvc.lock").unlink()
    subprocess.run([sys.executable, "-m", "dvc", "commit", "--force", "-q"], check=True)
    with closing(Ledger(paths.ledger())) as ledger, ledger.writing() as db:
        db.execute("DELETE FROM replies WHERE key IN (SELECT key FROM replies WHERE stage = 'score' LIMIT 10)")
    plan = make(params.load())
    line = next(a for a in plan.asking if a.stage == "score")
    assert (line.known, line.unanswered, line.calls.high, line.price_usd.high) == (20, 10, 0, 0)  # type: ignore[union-attr]
    assert unanswered(plan).startswith("Up to date, with requests that have no reply here: score (10); `dvc repro --f")
    assert next(a for a in plan.asking if a.stage == "judge").calls.low > 0, "which never ran"
    steps = {run.stage: run.steps.low for run in plan.training}
    assert steps["train@sft"] == 0 < steps["train@dpo"]
    put("screened", Instruction, [item(1), item(2)])
    assert planned("score").unanswered == 0, "its input is another, so it will run"


def test_a_plan_makes_no_artifact(oracle: Served) -> None:
    inputs(5)
    before = sorted(Path().rglob("data/**/*"))
    make(params.load())
    assert sorted(Path().rglob("data/**/*")) == before
