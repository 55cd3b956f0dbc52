from collections import Counter
from dataclasses import replace

import pytest
from release_world import PAIRED, ROWS, write_world

from ultramed.errors import GateError
from ultramed.params import Params
from ultramed.records import Message
from ultramed.release.selection import select

OPEN = {"MedQuad,1", "MedQuad,2", "MedQuad,3"}
RESEARCH = OPEN | {"MedInstruct-52k,4"}
RECIPE = RESEARCH | {"WikiInstruct,w1", "MedQA,5", "MedQA,6", "MedQA,7"}  # answered or not: it carries no answer


@pytest.mark.parametrize(("profile", "rows"), [("open", OPEN), ("research", RESEARCH), ("recipe", RECIPE)])
def test_each_profile_carries_its_classes_and_their_pairs(settings: Params, profile: str, rows: set[str]) -> None:
    selection = select(settings, profile)
    assert selection.rows == rows
    assert {p.instruction_id for p in selection.pairs} == rows & set(PAIRED)


def test_every_row_and_pair_has_a_verdict(settings: Params) -> None:
    verdicts = select(settings, "open").verdicts
    assert len({v.id for v in verdicts}) == len(verdicts) == len(ROWS) + len(PAIRED)
    # rows and pairs: MedQuad 3 + 3; MedQA 3 + 1; MedInstruct 1 + 1; ChatDoctor 1 + 1; WikiInstruct 1 without answer
    assert Counter(v.code for v in verdicts) == {
        "released": 6, "rights_recipe": 4, "rights_research": 2, "rights_quarantine": 2, "not_completed": 1
    }
    assert all(v.keep == (v.code == "released") for v in verdicts)


@pytest.mark.parametrize("profile", ["open", "research", "recipe"])
def test_quarantined_rows_are_in_no_profile(settings: Params, profile: str) -> None:
    assert not any(v.keep for v in select(settings, profile).verdicts if v.id.startswith("ChatDoctor"))


def test_a_test_prompt_that_stands_in_train_stops_the_release(settings: Params) -> None:
    rows = list(ROWS)
    same = [Message("user", rows[0][0].question.upper() + " ")]  # MedQuad,1 (train) again as MedQuad,3 (test)
    rows[2] = (replace(rows[2][0], messages=same), "test")
    write_world(rows, settings)
    with pytest.raises(GateError, match=r"1 prompt\(s\) of the test split are also in train, the first is MedQuad,1"):
        select(settings, "open")


def test_old_rows_of_an_author_that_is_denied_today_are_in_no_release(settings: Params) -> None:
    """Nothing was written again: the artifacts are those of the day when the model was open."""
    completed = [(row, split) for row, split in ROWS if row.source in ("medquad", "wikiinstruct")]
    assert "WikiInstruct,w1" in select(settings, "recipe").rows and completed
    denied = settings.models.local["smollm2"].model_copy(update={"rights": "deny"})
    today = settings.model_copy(update={"models": settings.models.model_copy(
        update={"local": settings.models.local | {"smollm2": denied}})})
    for profile in ("open", "research", "recipe"):
        found = select(today, profile)
        assert not found.rows and not found.pairs and not found.judged
    assert {v.code for v in found.verdicts if v.id == "WikiInstruct,w1"} == {"rights_deny"}
