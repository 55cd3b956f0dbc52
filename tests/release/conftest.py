"""Fixtures of the release tests: the tiny world, a repository around it, and the loopback Hub."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from release_world import PROJECT, ROWS, LoopbackHub, run, write_world
from ruamel.yaml import YAML

from ultramed import params
from ultramed.params import Params

DVC_YAML = """
stages:
  check-curated:
    cmd: python gate.py curated data/curated
    deps: [data/curated]
    outs:
      - quality/tokens/curated
      - quality/curated.json:
          cache: false
  check-paired:
    cmd: python gate.py paired data/paired
    deps: [data/paired]
    outs:
      - quality/tokens/paired
      - quality/paired.json:
          cache: false
  release:
    foreach: ${release.profiles}
    do:
      cmd: python -m stages.data.release ${key}
      deps: [data/curated, data/completed, data/judged, data/paired, quality/tokens/curated, quality/tokens/paired]
      params: [sources, models, release.overrides, 'release.profiles.${key}']
      outs: ['data/release/${key}', 'data/withheld/${key}']
"""
GATE = """
import json, pathlib, sys
from ultramed.gates.content import content_hash
name, path = sys.argv[1:]
found = {"artifact": name, "success": True, "artifact_hash": content_hash(pathlib.Path(path)), "failures": []}
pathlib.Path(f"quality/{name}.json").write_text(json.dumps(found, sort_keys=True))
pathlib.Path("quality/tokens").mkdir(exist_ok=True)
pathlib.Path(f"quality/tokens/{name}").write_text("passed")
"""


@pytest.fixture(scope="session")
def built_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Git and DVC repository around the world, with two gates and every profile released and committed."""
    path = tmp_path_factory.mktemp("built") / "repository"
    path.mkdir()
    with contextlib.chdir(path):
        yaml = YAML()
        values = yaml.load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
        values["checks"] = {name: values["checks"][name] for name in ("curated", "paired")}
        yaml.dump(values, Path("params.yaml"))
        write_world(ROWS, params.load())
        Path("quality").mkdir()
        for name, text in {"dvc.yaml": DVC_YAML, "gate.py": GATE, ".gitignore": "/data/\n/quality/tokens/\n"}.items():
            Path(name).write_text(text, encoding="utf-8")
        for command in ("git init -q", "dvc init -q", "dvc repro -q", "git add -A", "git commit -q -m built"):
            run(path, *command.split())
    return path


@pytest.fixture
def repository(built_repository: Path, tmp_path: Path) -> Path:
    """A copy of the built repository, free to spoil."""
    path = tmp_path / "repository"
    shutil.copytree(built_repository, path, symlinks=True)
    return path


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The world in a fresh current folder, with the project's own params."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    shutil.copy(PROJECT / "params.yaml", "params.yaml")
    found = params.load()
    write_world(ROWS, found)
    return found


@pytest.fixture
def start_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., LoopbackHub]]:
    """Start a loopback Hub in its own process; call again with `root` to restart it on the same folder."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, root: Path | None = None) -> LoopbackHub:
        root = root or tmp_path_factory.mktemp("hub")
        command = [sys.executable, "-m", "ultramed.fakes.loopback_hub", "--root", str(root), *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
        started.append(process)
        assert process.stdout
        return LoopbackHub(process.stdout.readline().strip(), root, tmp_path_factory.mktemp("home"))

    yield start
    for process in started:
        process.terminate()
        process.wait()
