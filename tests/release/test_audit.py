from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed import tables
from ultramed.params import Params
from ultramed.release.audit import audit, rows_of
from ultramed.release.build import build
from ultramed.release.selection import select

OUT = Path("data/release/open")
TRAIN = OUT / "data/instructions/train-00000-of-00001.parquet"


@pytest.fixture
def release(settings: Params) -> Params:
    """Profile `open`, built."""
    with tables.artifact(OUT) as folder:
        build(settings, select(settings, "open"), folder)
    return settings


def found(settings: Params, profile: str = "open") -> list[str]:
    return [str(refusal) for refusal in audit(settings, profile, OUT)]


def rewrite(path: Path, **changes: str) -> None:
    """Replace columns of a shard with one value."""
    table = pq.read_table(path)
    for name, value in changes.items():
        at = table.schema.get_field_index(name)
        table = table.set_column(at, table.schema.field(name), pa.array([value] * table.num_rows))
    pq.write_table(table, path)


def test_a_release_as_it_was_built_passes(release: Params) -> None:
    assert found(release) == []
    assert rows_of(OUT)["instructions train"] == 1


@pytest.mark.parametrize(("row_id", "named"), [
    ("MedQA,5", "medqa (source medqa: recipe) 1"),
    ("ChatDoctor,8", "chatdoctor (source chatdoctor: quarantine) 1"),
    ("Nobody,1", "unknown (unknown id: deny) 1"),
])
def test_a_forbidden_row_is_refused_by_source_and_count(release: Params, row_id: str, named: str) -> None:
    rewrite(TRAIN, id=row_id)
    refusal, = found(release)
    assert f"1 row(s) may not be published as 'open', which carries open: {named}" in refusal
    assert "\n" not in refusal


def test_a_forbidden_pair_is_refused(release: Params) -> None:
    rewrite(OUT / "data/preference/train-00000-of-00001.parquet", prompt_id="MedQA,5")
    assert "medqa (source medqa: recipe) 1" in found(release)[0]


def test_rights_that_were_withdrawn_since_are_seen(release: Params) -> None:
    source = release.sources["medquad"].model_copy(update={"rights": "deny"})
    changed = release.model_copy(update={"sources": release.sources | {"medquad": source}})
    # three instructions, three pairs and their six answers, three ranked prompts, the test pair again in rewardbench
    assert "16 row(s) may not be published" in found(changed)[0]


def test_texts_are_no_recipe(release: Params) -> None:
    refusals = found(release, "recipe")
    assert any("does not have the columns of config 'instructions'" in r for r in refusals)
    assert any("rewardbench" in r and "has no place" in r for r in refusals)


def test_foreign_files_and_links_are_refused(release: Params) -> None:
    (OUT / "notes.txt").write_text("x")
    (OUT / "data/instructions/train-00001-of-00002.parquet").symlink_to(TRAIN.resolve())
    refusals = found(release)
    assert sum("has no place in a release" in r for r in refusals) == 2


def test_a_missing_page_and_an_empty_release_are_refused(release: Params) -> None:
    (OUT / "NOTICE.md").unlink()
    for path in OUT.rglob("*.parquet"):
        path.unlink()
    assert [r.split(": ", 1)[1].split(";")[0] for r in found(release)] == [
        "lacks NOTICE.md", "is empty: no row may be released as 'open'"
    ]
