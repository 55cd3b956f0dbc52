"""The summary marks artifacts of changed stages, and all made from them, as out of date; with real DVC."""

import subprocess
import sys
from pathlib import Path

import pytest
from world import World

from ultramed import artifacts
from ultramed.claims import of_models
from ultramed.gates.store import Store
from ultramed.graph.outdated import Outdated

SHOWN = [artifacts.COLLECTED, artifacts.SCREENED, artifacts.SCORED, artifacts.SPLIT, artifacts.PAIRED]
GRAPH = """
stages:
  collect: {cmd: 'mkdir -p data/collected && cp one data/collected/medqa', deps: [one], outs: [data/collected/medqa]}
  screen: {cmd: cp -r data/collected data/screened, deps: [data/collected], outs: [data/screened]}
  score: {cmd: cp -r data/screened data/scored, deps: [data/screened], outs: [data/scored]}
  gate: {cmd: 'mkdir -p quality/tokens && touch quality/tokens/g', deps: [limits], outs: [quality/tokens/g]}
  params: {cmd: cp three models/remote.json, deps: [three], outs: [models/remote.json]}
  pair: {cmd: cp models/remote.json data/paired, deps: [models/remote.json], outs: [data/paired]}
  split: {cmd: cp two data/split, deps: [two, quality/tokens/g], outs: [data/split]}
"""


def outdated(store: Store) -> list[str]:
    old = Outdated(store.params, store.base)
    found = [a.name for a in SHOWN if store.path(a) in old]
    assert bool(found) == bool(old)
    return found


def dvc(folder: Path, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "dvc", *arguments, "-q"], cwd=folder, check=True)


@pytest.fixture
def store(world: World, tmp_path: Path) -> Store:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "dvc.yaml").write_text(GRAPH)
    (folder / "one").write_text("1")
    (folder / "two").write_text("2")
    (folder / "limits").write_text("3")
    (folder / "models").mkdir()
    (folder / "three").write_text(of_models(world.params)[artifacts.REMOTE])
    dvc(folder, "init", "--no-scm")
    dvc(folder, "repro")
    return Store(world.params, folder)


def test_what_is_built_is_not_out_of_date(store: Store) -> None:
    assert outdated(store) == []


def test_a_change_reaches_all_that_is_made_from_it(store: Store) -> None:
    (store.base / "one").write_text("changed")
    assert outdated(store) == ["collected", "screened", "scored"]


def test_a_stage_run_alone_leaves_those_behind_it_out_of_date(store: Store) -> None:
    (store.base / "one").write_text("changed")
    dvc(store.base, "repro", "collect")
    assert outdated(store) == ["screened", "scored"]


def test_a_loosened_gate_leaves_what_stands_behind_it_fresh(store: Store) -> None:
    (store.base / "limits").write_text("changed")
    assert outdated(store) == []


def test_params_that_say_the_same_of_models_leave_everything_fresh(store: Store) -> None:
    """The stage `params` runs whenever a param has changed."""
    (store.base / "three").write_text("of other params, from which the same would come")
    assert outdated(store) == []
    (store.base / "models/remote.json").write_text("of a time when another model was asked")
    assert outdated(store) == ["paired"]


def test_what_a_repro_would_run(store: Store) -> None:
    assert not Outdated(store.params, store.base).runs("score")
    (store.base / "one").write_text("changed")
    old = Outdated(store.params, store.base)
    assert old.runs("score") and not old.runs("split") and old.runs("a stage that never ran")
    assert Outdated(store.params, store.base.parent).runs("split"), "nothing is known where there is no repository"


def test_without_a_repository_nothing_is_said(world: World) -> None:
    assert outdated(Store(world.params, world.base)) == []
