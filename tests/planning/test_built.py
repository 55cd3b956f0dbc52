"""Which stages can be rehearsed: those whose inputs, by dvc.yaml, are all built with the current params."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ultramed import params
from ultramed.errors import ParamsError
from ultramed.graph.declared import declared
from ultramed.params import Models, RemoteModel
from ultramed.planning.built import Built

Inputs = Callable[..., list[str] | None]
IDENTITY = "models/identity/smollm2.json"
GRAPH = {
    "screen": {"cmd": "true", "outs": ["data/screened"]},
    "evolve": {"foreach": ["medqa", "textbook"], "do": {
        "cmd": "true", "deps": ["data/screened"], "outs": ["data/evolved/${item}"]}},
    "model": {"cmd": "true", "outs": [IDENTITY]},
    "score": {"cmd": "true", "outs": ["data/scored"], "deps": [
        "quality/code/score", "quality/tokens/evolved", "data/evolved", "data/raw/sample", "models/transformers/reward",
        IDENTITY]},
}
MADE = {"screen": "data/screened", "evolve@medqa": "data/evolved/medqa", "evolve@textbook": "data/evolved/textbook",
        "model": IDENTITY}
READ = ["data/evolved", "data/raw/sample", IDENTITY]


@pytest.fixture
def inputs(world: Path) -> Inputs:
    """The inputs of `score` in a DVC repository with that graph, whose stages have run as dvc.lock says."""
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text("[core]\n    no_scm = True\n")
    Path("dvc.yaml").write_text(json.dumps({"stages": GRAPH}))
    for path in (*MADE.values(), "data/raw/sample"):
        Path(path).mkdir(parents=True, exist_ok=True)

    def read(settings: params.Params | None = None, **stages: dict[str, Any] | None) -> list[str] | None:
        locked = {name: {"cmd": "true", "outs": [{"path": path}]} | (stages.get(name) or {})
                  for name, path in MADE.items() if stages.get(name, {}) is not None}
        Path("dvc.lock").write_text(json.dumps({"schema": "2.0", "stages": locked}))
        return Built(settings or params.load()).inputs("score")
    return read


def test_a_folder_is_built_when_all_stages_that_fill_it_have_run(inputs: Inputs) -> None:
    assert inputs() == READ, "code and gates' tokens are no artifacts; what no stage makes is only to exist"
    assert inputs(**{"evolve@textbook": None}) is None
    Path("data/raw/sample").rmdir()
    assert inputs() is None


def test_inputs_of_other_params_are_not_built(inputs: Inputs) -> None:
    deps = {"deps": [{"path": "data/screened"}]}
    assert inputs(**{"evolve@medqa": deps}) == READ
    before = {"params": {"params.yaml": {"screen.min_words": 77}}}
    assert inputs(screen=before, **{"evolve@medqa": deps}) is None


def test_a_reward_model_and_the_identity_of_a_remote_model_need_not_be_built(inputs: Inputs) -> None:
    settings = params.load()
    api = RemoteModel(base_url="http://127.0.0.1:1/v1", model="m", revision="1", provider="p")
    remote = settings.model_copy(update={"models": Models(local={}, remote={"smollm2": api})})
    assert inputs(model=None) is None
    assert inputs(remote, model=None) == READ[:2]


def test_a_graph_that_dvc_cannot_read_is_one_line(inputs: Inputs) -> None:
    Path("dvc.yaml").write_text("stages: {score: {deps: [data/screened]}}\n")
    with pytest.raises(ParamsError, match=r"^dvc\.yaml: DVC cannot read it: ") as error:
        inputs()
    assert "\n" not in str(error.value)


def test_outside_a_repository_nothing_is_declared(world: Path) -> None:
    assert declared() == {} and Built(params.load()).inputs("score") is None
