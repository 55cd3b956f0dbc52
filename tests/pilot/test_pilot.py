"""A pilot buys what the run would ask, and says what it saw on one page."""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from oracle_endpoint import ROOT, Served, asked, exam
from ruamel.yaml import YAML

from stages.data import evolve, score, textbook
from ultramed import params, paths, tables
from ultramed.cli.pilot import pilot
from ultramed.errors import PromptError, SourceError
from ultramed.fakes.oracle import Biases, Oracle
from ultramed.ledger.ledger import Ledger
from ultramed.pilot.page import sign_test
from ultramed.pilot.trial import reduced
from ultramed.records import Instruction, keep

HOSTILE = "<script>alert(1)</script>"
DRUGS = ("Aspirin", "Heparin", "Warfarin", "Digoxin")


def rows() -> list[Instruction]:
    exams = [exam(f"MedQA,{n}", f"Case {n}: which drug is right for a man with finding {n * 7}?", DRUGS, "ABCD"[n % 4])
             for n in range(1, 41)]
    opened = [asked(f"MedQuad,{n}", f"What does disease {n} do? {HOSTILE}", source="medquad", reference=f"It {n}.")
              for n in range(1, 21)]
    return exams + opened


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A repository with screened rows, whose models are one oracle."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    shutil.copytree(ROOT / "conf", "conf")
    shutil.copy(ROOT / "dvc.yaml", "dvc.yaml")
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    no_scm = True\n")
    encoder = pytest.importorskip("static_model", reason="the embedded encoder is not installed")
    Path("models/local").mkdir(parents=True)
    Path("models/local/encoder").symlink_to(Path(encoder.__file__).parent / "model")
    sample = ROOT / "data/raw/sample"
    for name in ("textbooks", "domains", "encyclopedia"):
        shutil.copytree(sample / name, Path("data/raw") / name)
    for name in params.load(ROOT / "params.yaml").benchmarks:
        shutil.copytree(sample / name, Path("data/raw/benchmarks") / name)
    for place in ("collected/medqa", "screened"):
        with tables.artifact(Path("data") / place) as folder:
            tables.write(folder, "rows", Instruction, rows())
            tables.write(folder, "verdicts", type(keep("a", "b")), [keep(i.id, "screen") for i in rows()])
    truth = {"answers": {i.question: DRUGS["ABCD".index(i.key or "")] for i in rows() if i.key}}
    with Served(Oracle(truth, Biases(error=0.2))) as served:
        write_params(served.address)
        yield served


def write_params(address: str, **changes: Any) -> None:
    text = re.sub(r"model: smollm2\b", "model: oracle", (ROOT / "params.yaml").read_text(encoding="utf-8"))
    tree = YAML(typ="safe").load(text)
    tree["base"]["model"] = "smollm2"
    tree["evolve"]["verifier"] = tree["complete"]["solver"] = ["oracle"]
    tree["evolve"]["max_tokens"] = 400
    tree["sources"] = {name: tree["sources"][name] for name in ("medqa", "medquad")}
    tree["models"]["remote"] = {"oracle": {
        "base_url": address, "model": "oracle", "revision": "1", "provider": "here", "rights": "open",
        "price": {"prompt": 2.0, "completion": 8.0}}}
    Path("params.yaml").write_text(json.dumps(tree | changes))


def bought() -> int:
    with closing(Ledger(paths.ledger())) as ledger:
        ((count,),) = ledger.read("SELECT count(*) FROM replies")
    return int(count)


def test_a_pilot_writes_one_page_and_leaves_the_repository_as_it_was(
    repository: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {p: p.read_bytes() for p in Path("data").rglob("*.parquet")}
    pilot(rows=20)
    assert {p: p.read_bytes() for p in Path("data").rglob("*.parquet")} == before
    page = Path("reports/pilot.html").read_text(encoding="utf-8")
    shown = ("Kept, and why not", "Agreement with keys", "10 rows to read", "Keys and pass rates", "The whole: Total")
    assert all(words in page for words in shown)
    assert HOSTILE not in page.split("</head>")[1] and "&lt;script&gt;alert(1)" in page
    told = capsys.readouterr().out
    assert f"{bought():,} replies" in told and "USD 0." in told and "Total: " in told


def test_what_a_pilot_bought_is_not_asked_again(repository: Served) -> None:
    pilot(rows=20)
    seen = Counter(json.dumps(body["messages"]) + str(body.get("seed")) for body in repository.bodies)
    assert max(seen.values()) == 1
    count = bought()
    textbook.main()
    evolve.main("medqa")
    evolve.main("textbook")
    score_inputs()
    score.main()
    again = Counter(json.dumps(body["messages"]) + str(body.get("seed")) for body in repository.bodies)
    assert max(again.values()) == 1 and bought() > count, "only what the pilot did not ask"


def score_inputs() -> None:
    for place in ("synthetic/wikipedia", "evolved/wikipedia"):
        with tables.artifact(Path("data") / place) as folder:
            tables.write(folder, "rows", Instruction, [])


def test_another_prompt_is_compared_on_the_same_rows(repository: Served) -> None:
    served, mark = repository, "SPOIL THIS DRAFT"
    text = (ROOT / "ultramed/prompts/evolve-exam.md").read_text(encoding="utf-8")
    Path("mine.md").write_text(text.replace("It may grow", f"{mark}. It may grow"))

    def spoil(body: dict[str, Any], reply: dict[str, Any]) -> None:
        if mark in str(body["messages"]):
            reply["choices"][0]["message"]["content"] = "I would rather not."

    served.spoil = spoil
    pilot(rows=20, prompt="evolve-exam=mine.md")
    page = Path("reports/pilot.html").read_text(encoding="utf-8")
    assert "With another evolve-exam" in page
    line = re.search(r"<td[^>]*>evolved</td>(.*?)</tr>", page.split('id="difference"')[1], re.DOTALL)
    cells = re.findall(r"<td[^>]*>(.*?)</td>", line[1]) if line else []
    both, _, _, alone, other, _ = cells
    assert int(both) > 0 and int(alone) > 0 and other == "0"


@pytest.mark.parametrize(("prompt", "said"), [
    ("evolve-exam=nowhere.md", "cannot be read"), ("evolve-exams=params.yaml", "is no prompt file")])
def test_a_prompt_that_is_not_there_is_one_line(repository: Served, prompt: str, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        pilot(rows=20, prompt=prompt)


def test_without_screened_rows_it_says_what_to_run(repository: Served) -> None:
    shutil.rmtree("data/screened")
    with pytest.raises(SourceError, match="run `dvc repro screen fetch model`"):
        pilot(rows=20)
    assert not repository.bodies


def test_members_that_are_yet_to_be_trained_stay_out(repository: Served) -> None:
    settings = params.load()
    pool = settings.candidates.pool | {"ours": settings.candidates.pool["brief"].model_copy(update={"model": "sft"})}
    few = reduced(settings.model_copy(update={"candidates": settings.candidates.model_copy(update={"pool": pool})}), 20)
    assert {*few.candidates.pool} == {"careful", "brief", "creative"}


@pytest.mark.parametrize(
    ("first", "second", "p"), [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (5, 5, 1.0), (9, 1, 0.0215)])
def test_the_sign_test_is_two_sided(first: int, second: int, p: float) -> None:
    assert sign_test(first, second) == sign_test(second, first) == pytest.approx(p, abs=1e-4)
