"""SQL helpers: keys that distinguish ids, texts stripped as in Python, parts named by params."""

from pathlib import Path

import pytest
from world import World, settings

from ultramed.artifacts import CANDIDATES, CURATED, EVOLVED, SYNTHETIC
from ultramed.errors import SourceError
from ultramed.gates.store import Store, text


def value(sql: str) -> object:
    return Store(settings()).rows(f"select {sql} as v")[0]["v"]


def test_keys_tell_ids_apart_where_the_databases_own_hash_does_not() -> None:
    one, other = text("MedQA,4288#m1>m3"), text("MedQA,4588#m1>m4")
    assert value(f"hash({one}) = hash({other})") is True  # seen among 1.8M pair ids
    assert value(f"digest({one}) = digest({other})") is False


def test_white_space_of_every_kind_is_bared() -> None:
    spaced = " \t\n\x0b\x0c\r two words \r\n"
    assert value(f"bare({text(spaced)})") == spaced.strip() == "two words"


def test_quotes_stay_text() -> None:
    assert value(text("it's; drop table x --")) == "it's; drop table x --"


def test_parts_are_named_by_the_params(tmp_path: Path) -> None:
    store = Store(settings(), tmp_path)
    assert list(store.parts(EVOLVED)) == ["medqa", "textbook", "wikipedia"]
    assert list(store.parts(CANDIDATES)) == ["careful", "brief", "creative", "source"]
    assert store.parts(CURATED) == {"": tmp_path / "data" / "curated"}


def test_a_missing_part_is_one_clear_line(world: World) -> None:
    for file in (world.base / "data" / "evolved" / "textbook").iterdir():
        file.unlink()
    store = Store(world.params, world.base)
    assert not store.has(EVOLVED) and store.has(SYNTHETIC)
    with pytest.raises(SourceError, match="textbook: has 0 shard"):
        store.view(EVOLVED)


def test_a_lookup_of_nothing_is_an_empty_table(tmp_path: Path) -> None:
    store = Store(settings(), tmp_path)
    assert store.rows(f"select * from {store.lookup('nothing', {})}") == []
    thresholds = store.lookup("thresholds", {"a": 1.5}, "double")
    assert store.rows(f"select * from {thresholds}") == [{"name": "a", "value": 1.5}]
