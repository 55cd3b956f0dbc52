"""The whole laptop pipeline: what it builds, that it is reproducible, that it asks nothing twice."""

import json

import duckdb
import pytest
from workspace import Workspace, clone, smaller

pytestmark = pytest.mark.slow

SETS = ("medqa", "medmcqa", "pubmedqa", "chatdoctor", "medquad", "medinstruct_52k", "medical_instruction_120k",
        "medqa_evol", "textbookqa", "wikiinstruct")


def test_every_path_keeps_rows(built: Workspace) -> None:
    rows = f"read_parquet('{built.root}/data/curated/rows-*.parquet')"
    sources = {source for (source,) in duckdb.sql(f"SELECT DISTINCT source FROM {rows}").fetchall()}
    assert set(SETS) <= sources
    pairs = f"read_parquet('{built.root}/data/paired/selected-*.parquet')"
    assert duckdb.sql(f"SELECT count(*) FROM {pairs}").fetchall()[0][0] > 0


def test_every_gate_is_green_and_counts_reconcile(built: Workspace) -> None:
    gates = [json.loads(p.read_text()) for p in sorted((built.root / "quality").glob("*.json"))]
    assert len(gates) == 17
    assert all(g["success"] for g in gates)
    for gate in gates:
        counts = gate["counts"]
        assert counts["in"] == counts["kept"] + counts["dropped"] + counts["quarantined"], gate["artifact"]


def test_tokens_stay_within_the_laptop_budget(built: Workspace) -> None:
    assert 0 < built.metrics()["generated_tokens"] <= 30_000
    assert built.metrics()["price_usd"] == 0


def test_second_repro_runs_nothing(built: Workspace) -> None:
    before = built.hashes()
    output = built.run("dvc", "repro")
    assert "Running stage" not in output
    assert built.hashes() == before
    assert built.run("git", "status", "--porcelain") == ""


def test_two_runs_from_one_ledger_give_the_same_hashes(built: Workspace, tmp_path) -> None:
    asked = built.replies()
    again = clone(tmp_path / "again", built.ledger)
    smaller(again)
    again.run("rm", "-f", "dvc.lock")
    again.run("dvc", "repro", "summary", "release@open", "train@sft", "evaluate@sft")
    trained = [json.loads((w.root / "models/transformers/sft/training.json").read_text()) for w in (again, built)]
    assert trained[0] == trained[1]  # more informative than the hashes
    hashes, expected = again.hashes(), built.hashes()
    assert hashes == {path: expected[path] for path in hashes} and "models/transformers/sft" in hashes
    assert again.replies() == asked


def test_summary_speaks_of_every_artifact(built: Workspace) -> None:
    told = json.loads(built.ultramed("summary", "--json"))
    assert {s["artifact"] for s in told["stages"]} >= {"screened", "curated", "completed", "judged", "paired"}
    assert "quarantined" in built.ultramed("summary")


def test_report_is_marked_as_demonstration(built: Workspace) -> None:
    page = (built.root / "reports/index.html").read_text()
    assert "demonstration scale, not for use" in page.lower()
    assert "http://" not in page.replace("http://www.w3.org", "").split("<script")[0]
