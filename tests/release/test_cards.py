import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from release_world import ROWS, write_world
from ruamel.yaml import YAML

from ultramed import tables
from ultramed.params import Override, Params
from ultramed.records import Message
from ultramed.release.build import build
from ultramed.release.cards import escape
from ultramed.release.selection import select


def made(settings: Params, profile: str, folder: Path = Path("out")) -> str:
    """Build a profile; returns its card."""
    with tables.artifact(folder) as partial:
        build(settings, select(settings, profile), partial)
    return (folder / "README.md").read_text(encoding="utf-8")


def header(card: str) -> dict:
    return YAML(typ="safe").load(card.split("---\n")[1])


def cells(card: str, first: str) -> list[str]:
    """The cells of the first table row that has this cell first or third (Table 1)."""
    line = next(line for line in card.splitlines() if line.startswith("|") and f"| {first} |" in line)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_header_lists_the_splits_there_are(settings: Params) -> None:
    found = header(made(settings, "open"))
    assert [c["config_name"] for c in found["configs"]] == [
        "instructions", "preference", "ranked", "kto", "rewardbench"]
    assert found["configs"][0]["default"] is True
    assert [f["split"] for f in found["configs"][0]["data_files"]] == ["train", "validation", "test"]
    assert [f["split"] for f in found["configs"][4]["data_files"]] == ["test"]
    assert (found["license"], found["size_categories"]) == ("cc-by-4.0", ["n<1K"])
    assert not any(name.startswith("extra_gated") for name in found)


def test_an_empty_split_is_left_out(settings: Params) -> None:
    write_world([(row, split) for row, split in ROWS if split != "dev"], settings)
    found = header(made(settings, "open"))
    assert [f["split"] for f in found["configs"][0]["data_files"]] == ["train", "test"]


def test_research_is_non_commercial_and_asks_before_giving_access(settings: Params) -> None:
    found = header(made(settings, "research"))
    assert found["license"] == "cc-by-nc-4.0"
    assert "not for clinical use" in found["extra_gated_prompt"]
    assert "checkbox" in found["extra_gated_fields"].values()


def test_a_profile_without_rows_has_a_card_that_says_so(settings: Params) -> None:
    write_world([(row, split) for row, split in ROWS if row.rights == "quarantine"], settings)
    card = made(settings, "open")
    assert "No row may be released under this profile." in card
    assert "configs" not in header(card)


def test_table_1_holds_counted_figures(settings: Params) -> None:
    card = made(settings, "open")
    # MedQuad: three rows collected of six raw ones; each question has 7 words; scores 5, 5.25, 5.5: mean 5.25 and
    # deviation sqrt(0.25² · 2/3) = 0.204
    assert cells(card, "MedQuad") == ["Open-End", "no", "MedQuad", "6", "7.00 ± 0.00", "5.25 ± 0.20", "3", "3"]
    # exam items with options: 7 + 2 · (letter + 3 words) = 15 words
    assert cells(card, "MedQA")[4] == "15.00 ± 0.00"
    assert cells(card, "WikiInstruct")[1] == "yes"
    assert cells(card, "Total")[3] == "17"  # 8 public rows twice, 1 written
    assert "1 at screen" in card  # the leak verdict


def test_demonstration_models_are_shouted_about(settings: Params) -> None:
    assert "Demonstration scale, not for use" in made(settings, "open")
    local = {name: m.model_copy(update={"demonstration": False}) for name, m in settings.models.local.items()}
    settings = settings.model_copy(update={"models": settings.models.model_copy(update={"local": local})})
    card = made(settings, "open")
    assert "Demonstration" not in card
    assert "Not for clinical use" in card


def test_rewardbench_is_called_unreviewed(settings: Params) -> None:
    assert "*unreviewed*" in made(settings, "open")


def test_no_row_text_reaches_card_or_notice(settings: Params) -> None:
    hostile = "<script>alert(1)</script> {{ 7 * 7 }} | cell"
    rows = [(replace(row, messages=[Message("user", f"{hostile} {row.id}")]), split) for row, split in ROWS]
    write_world(rows, settings)
    for page in (made(settings, "recipe"), Path("out/NOTICE.md").read_text(encoding="utf-8")):
        assert "alert" not in page
        assert "The answer to" not in page
        assert "What does" not in page


def test_escaped_values_cannot_end_a_cell_or_open_markup() -> None:
    assert escape("a | b\n<b>`x`[y]") == "a &#124; b &lt;b&gt;&#96;x&#96;&#91;y&#93;"


def test_overrides_are_named_in_the_notice(settings: Params) -> None:
    signed = Override(rights="open", by="A. | Person", on="2026-01-01", because="the authors agreed in writing")
    release = settings.release.model_copy(update={"overrides": {"medqa": signed}})
    made(settings.model_copy(update={"release": release}), "open")
    notice = Path("out/NOTICE.md").read_text(encoding="utf-8")
    assert "| medqa | open | A. &#124; Person | 2026-01-01 | the authors agreed in writing |" in notice


def test_lineage_knows_inputs_but_no_place_and_no_time(settings: Params) -> None:
    made(settings, "open")
    text = Path("out/lineage.json").read_text(encoding="utf-8")
    lineage = json.loads(text)
    assert lineage["rows"]["instructions"] == {"train": 1, "validation": 1, "test": 1}
    assert re.fullmatch("[0-9a-f]{64}", lineage["inputs"]["data/curated"]["rows-00000-of-00001.parquet"])
    assert str(Path.cwd()) not in text
    assert not re.search(r"\d{2}:\d{2}", text)


@pytest.mark.parametrize(("change", "same"), [({"concurrency": 99}, True), ({"rights": "research"}, False)])
def test_the_params_hash_ignores_where_models_run(settings: Params, change: dict, same: bool) -> None:
    from ultramed.release.provenance import params_hash

    local = {name: m.model_copy(update=change) for name, m in settings.models.local.items()}
    other = settings.model_copy(update={"models": settings.models.model_copy(update={"local": local})})
    assert (params_hash(settings, "open") == params_hash(other, "open")) is same
