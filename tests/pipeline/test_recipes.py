"""CONTRIBUTING's recipe of a source, followed in a clone of the built pipeline: it goes through its gate."""

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


@pytest.fixture(scope="module")
def clinic(built: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A copy of the built workspace to add to."""
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
