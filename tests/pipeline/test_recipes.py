"""CONTRIBUTING's recipes, each followed in a clone of the built pipeline: additions pass their gate, and nothing else
runs again."""

import re
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
EXAM = """question,first,second,third,fourth,right
Which electrolyte falls most in refeeding syndrome?,Phosphate,Chloride,Calcium,Sodium,0
Which nerve is at risk in a fracture of the surgical neck of the humerus?,Radial,Axillary,Ulnar,Median,1
"""
METHOD = '''"""Identity preference optimisation (arXiv 2310.12036)."""

from ultramed.methods._method import Method
from ultramed.methods.dpo import trainer

METHOD = Method(
    name="ipo", title="identity preference optimisation", tag="ipo", data="preferences", trainer=trainer,
    losses={"ipo": ()}, beta=True, reference=True, dialogues=2)
'''


@pytest.fixture(scope="module")
def copy(built: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A copy of the built workspace to add to."""
    root = tmp_path_factory.mktemp("recipes")
    subprocess.run(["cp", "-a", f"{built.root}/.", str(root / "repo")], check=True)
    subprocess.run(["cp", "-a", str(built.ledger), str(root / "ledger")], check=True)
    yield Workspace(root / "repo", root / "ledger")
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def clinic(copy: Workspace) -> Iterator[Workspace]:
    """The copy in its built state."""
    yield copy
    copy.restore()
    copy.run("git", "clean", "-qfd", "data", "ultramed")


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
    location = "data/raw/sample/clinic_exam/items.csv"
    put(clinic, location, EXAM)
    columns = "{question: question, options: [first, second, third, fourth], key: right, key_from: 0}"
    enter(clinic, "benchmarks", "clinic_exam",
          f"{{location: {location}, sha256: '', format: columns, columns: {columns}}}")
    clinic.ultramed("pin", "clinic_exam")
    ran = stages(clinic.run("dvc", "repro", "check-evaluated"))
    assert len(column(clinic, "id", "evaluated/base/rows", "task = 'clinic_exam'")) == 1
    assert {"fetch-benchmarks", "screen", "evaluate@base", "evaluate@dpo"} <= ran
    assert not ran & {"collect@medqa", "score", "complete", "judge", "train@sft", "train@dpo"}


def test_a_pool_member(clinic: Workspace) -> None:
    clinic.edit("params.yaml", "  pool:\n", "  pool:\n"
                "    terse: {model: smollm2, prompt: candidate-brief, temperature: 0.4, max_tokens: 24}\n")
    ran = stages(clinic.run("dvc", "repro", "check-paired"))
    assert column(clinic, "id", "candidates/terse/rows") != []
    assert ran == {"params", "candidates@terse", "check-candidates", "judge", "check-judged", "pair", "check-paired"}


def test_a_method(clinic: Workspace) -> None:
    put(clinic, "ultramed/methods/ipo.py", METHOD)
    like = re.search(r"^  dpo: (\{from: sft,.*\})$", (clinic.root / "params.yaml").read_text(), re.MULTILINE)
    assert like
    enter(clinic, "train", "ipo", like[1].replace("method: dpo", "method: ipo").replace("sigmoid", "ipo"))
    assert stages(clinic.run("dvc", "repro", "train@ipo")) == {"code", "params", "train@ipo"}
    assert (clinic.root / "models/transformers/ipo/model.safetensors").is_file()


def stages(output: str) -> set[str]:
    """Stages that `dvc repro` ran."""
    return set(re.findall(r"^Running stage '([^']+)'", output, re.MULTILINE))


def put(workspace: Workspace, path: str, text: str) -> None:
    (workspace.root / path).parent.mkdir(parents=True, exist_ok=True)
    (workspace.root / path).write_text(text, encoding="utf-8")


def enter(workspace: Workspace, section: str, name: str, value: str) -> None:
    """Insert an entry at the top of a section of params.yaml."""
    text = (workspace.root / "params.yaml").read_text()
    head = next(line for line in text.splitlines() if line.startswith(f"{section}:"))
    workspace.edit("params.yaml", f"\n{head}\n", f"\n{head}\n  {name}: {value}\n")


def column(workspace: Workspace, name: str, table: str, where: str = "true") -> list[str]:
    files = f"{workspace.root}/data/{table}-*.parquet"
    rows = duckdb.sql(f"SELECT {name} FROM read_parquet('{files}') WHERE {where} ORDER BY id").fetchall()
    return [row[0] for row in rows]
