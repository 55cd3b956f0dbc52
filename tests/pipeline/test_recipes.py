"""CONTRIBUTING's recipes, followed in a clone of the built pipeline: what is added goes through its gate."""

import shutil
import subprocess
from collections.abc import Iterator

import duckdb
import pytest
from workspace import Workspace

pytestmark = pytest.mark.slow

QUESTIONS = """question	answer
What should a person with asthma do when a reliever no longer helps?	Seek emergency care at once.
Why is potassium measured before a loop diuretic is started?	The drug loses potassium; low levels provoke arrhythmia.
How long should a child stay at home with chickenpox?	Until every blister has crusted over, usually about five days.
Which vaccine protects against cervical cancer?	The vaccine against human papillomavirus, given before exposure.
"""
DRILLS = """stem,A,B,C,key
Which vitamin is lacking in scurvy?,Vitamin C,Vitamin D,Vitamin K,A
Which organ secretes insulin?,Liver,Pancreas,Spleen,B
"""


@pytest.fixture(scope="module")
def clinic(built: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A copy of the built workspace to add to; what one test adds stays for the next."""
    root = tmp_path_factory.mktemp("recipes")
    subprocess.run(["cp", "-a", f"{built.root}/.", str(root / "repo")], check=True)
    subprocess.run(["cp", "-a", str(built.ledger), str(root / "ledger")], check=True)
    yield Workspace(root / "repo", root / "ledger")
    shutil.rmtree(root, ignore_errors=True)


def test_a_source_by_columns(clinic: Workspace) -> None:
    location = "data/raw/sample/clinic/questions.tsv"
    put(clinic, location, QUESTIONS)
    enter(clinic, "raw", "clinic", f"{{location: {location}, sha256: ''}}")
    enter(clinic, "sources", "clinic", "{format: columns, columns: {question: question, answer: answer}, "
                                       "prefix: Clinic, category: open, kind: clinical, rights: open, limit: null}")
    clinic.edit("params.yaml", "    medqa: 4.5\n", "    medqa: 4.5\n    clinic: 1.0\n")
    clinic.ultramed("pin", "clinic")
    clinic.run("dvc", "repro", "check-screened")
    assert column(clinic, "id", "screened/rows", "source = 'clinic'") == [f"Clinic,{n}" for n in range(4)]


def test_a_benchmark_by_columns(clinic: Workspace) -> None:
    location = "data/raw/sample/drills/drills.csv"
    put(clinic, location, DRILLS)
    enter(clinic, "benchmarks", "drills", f"{{format: columns, location: {location}, sha256: '', "
                                          "columns: {question: stem, options: [A, B, C], key: key}}")
    for policy in ("sft", "dpo", "iterate-1"):
        clinic.edit("params.yaml", f"    {policy}: {{}}\n", "")
    clinic.ultramed("pin", "drills")
    clinic.run("dvc", "repro", "check-evaluated")
    assert "drills" in column(clinic, "task", "evaluated/base/rows")


def test_a_pool_member(clinic: Workspace) -> None:
    member = "    terse: {model: smollm2, prompt: candidate-brief, temperature: 0.4, max_tokens: 16}\n"
    clinic.edit("params.yaml", "  pool:\n", f"  pool:\n{member}")
    clinic.run("dvc", "repro", "check-candidates")
    assert len(column(clinic, "id", "candidates/terse/rows")) > 5


def test_a_way_to_train(clinic: Workspace) -> None:
    """One file, and an entry that names it; nothing trained before is trained again."""
    method = (clinic.root / "ultramed/methods/sft.py").read_text()
    put(clinic, "ultramed/methods/again.py", method.replace('"sft"', '"again"', 1))
    lines = (clinic.root / "params.yaml").read_text().splitlines()
    entry = next(line for line in lines if line.startswith("  sft: {from"))
    added = entry.replace("  sft:", "  again:").replace("method: sft", "method: again")
    clinic.edit("params.yaml", entry, f"{entry}\n{added}")
    output = clinic.run("dvc", "repro", "train@again")
    ran = {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}
    assert {"code", "train@again"} <= ran and "train@sft" not in ran
    assert (clinic.root / "models/transformers/again/training.json").exists()


def put(workspace: Workspace, path: str, text: str) -> None:
    (workspace.root / path).parent.mkdir(parents=True, exist_ok=True)
    (workspace.root / path).write_text(text, encoding="utf-8")


def enter(workspace: Workspace, section: str, name: str, value: str) -> None:
    """Write an entry at the head of a section of params.yaml."""
    text = (workspace.root / "params.yaml").read_text()
    head = next(line for line in text.splitlines() if line.startswith(f"{section}:"))
    workspace.edit("params.yaml", f"\n{head}\n", f"\n{head}\n  {name}: {value}\n")


def column(workspace: Workspace, name: str, table: str, where: str = "true") -> list[str]:
    files = f"{workspace.root}/data/{table}-*.parquet"
    rows = duckdb.sql(f"SELECT {name} FROM read_parquet('{files}') WHERE {where} ORDER BY id").fetchall()
    return [row[0] for row in rows]
