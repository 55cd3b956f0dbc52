"""A remote model that a stage will ask needs a price and a key before anything runs."""

from pathlib import Path
from typing import Any

import pytest
from test_params import API, edited

from stages import params as stage
from ultramed import params
from ultramed.errors import BudgetError, ModelError
from ultramed.inference.readiness import refuse_unready

KEY = "A_KEY_FOR_TESTS"
PRICE = {"prompt": 0.0, "completion": 0.0}


def judged_by(folder: Path, member: str = "", **settings: Any) -> params.Params:
    """Params whose judge, or one pool member, is a remote model."""
    def edit(tree: dict[str, Any]) -> None:
        tree["models"]["remote"]["api"] = API | settings
        (tree["candidates"]["pool"][member] if member else tree["judge"]).update(model="api")

    return params.load(edited(folder, edit))


def test_an_unknown_price(tmp_path: Path) -> None:
    settings = judged_by(tmp_path)
    with pytest.raises(BudgetError, match="no price is known for 'm' from 'p'"):
        refuse_unready(settings, settings.asked.values())


@pytest.mark.parametrize(("member", "place"), [("", "judge.model"), ("brief", "candidates.pool.brief.model")])
def test_a_missing_key(member: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = judged_by(tmp_path, member, api_key_env=KEY, price=PRICE)
    monkeypatch.setenv(KEY, "")
    with pytest.raises(ModelError, match=f"models.remote.api: is asked by {place}, and its key {KEY} is not set"):
        refuse_unready(settings, settings.asked.values())
    monkeypatch.setenv(KEY, "x")
    refuse_unready(settings, settings.asked.values())


def test_a_model_that_nobody_asks_needs_neither(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)
    settings = params.load(edited(tmp_path, lambda v: v["models"]["remote"].update(api=API | {"api_key_env": KEY})))
    refuse_unready(settings, settings.asked.values())


def test_the_first_stage_refuses_before_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged_by(tmp_path, api_key_env=KEY, price=PRICE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(KEY, raising=False)
    with pytest.raises(ModelError, match="is not set"):
        stage.main()
    assert [p.name for p in tmp_path.iterdir()] == ["params.yaml"]
