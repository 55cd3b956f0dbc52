"""Elements of raw files: nothing is lost silently, and a broken one does not stop the rest."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed.errors import SourceError
from ultramed.sources import jsonstream
from ultramed.sources.rawfiles import Element, Fault, elements

ROWS = [{"instruction": "Häufig?", "n": 1}, {"instruction": "b }, { \"x", "n": 2}, {"instruction": "c", "n": 3}]


def read(folder: Path, text: str | bytes, name: str = "rows.json", keyed: bool = False) -> list[Element]:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return list(elements(folder, keyed))


def codes(found: list[Element]) -> list[str]:
    return [e.value.code if isinstance(e.value, Fault) else "row" for e in found]


@pytest.mark.parametrize("indent", [None, 0, 4])
def test_a_list_in_any_layout_gives_its_elements(tmp_path: Path, indent: int | None) -> None:
    found = read(tmp_path, json.dumps(ROWS, indent=indent, ensure_ascii=False))
    assert [e.value for e in found] == ROWS
    assert [e.key for e in found] == ["0", "1", "2"]


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 22])
def test_elements_do_not_depend_on_where_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(jsonstream, "BLOCK", block)
    monkeypatch.setattr(jsonstream, "AHEAD", 60)  # longer than an element, shorter than the file
    found = read(tmp_path, json.dumps(ROWS * 5, indent=2))
    assert [e.value for e in found] == ROWS * 5
    # an element of n fields takes n + 2 lines
    assert [e.origin for e in found] == [f"rows.json:{2 + 4 * n}" for n in range(15)]


@pytest.mark.parametrize("broken", [
    '{"instruction": "no colon" "x"}', '{"instruction": "no end}', '{"instruction": bare}', '{instruction: 1}',
    '{"a": ' + "[" * 100_000 + "}", '{"a": ' + "9" * 5_000 + "}",
])
def test_a_broken_element_of_a_list_costs_only_itself(tmp_path: Path, broken: str) -> None:
    found = read(tmp_path, f'[{{"n": 1}},\n{broken},\n{{"n": 3}}]')
    assert codes(found) == ["row", "broken_json", "row"]
    assert [(e.key, e.origin) for e in found] == [("0", "rows.json:1"), ("1", "rows.json:2"), ("2", "rows.json:3")]


def test_a_broken_member_of_an_object_costs_only_itself(tmp_path: Path) -> None:
    text = '{"7": {"Q": "a"},\n "8": {"Q": "b" "x": 1},\n "9": {"Q": "c"}}'
    found = read(tmp_path, text, keyed=True)
    assert codes(found) == ["row", "broken_json", "row"]
    assert [e.key for e in found] == ["7", "1", "9"]


def test_a_file_cut_off_says_so(tmp_path: Path) -> None:
    text = json.dumps(ROWS)
    assert codes(read(tmp_path, text[:-1])) == ["row", "row", "row", "broken_json"]
    assert codes(read(tmp_path, text[:-10])) == ["row", "row", "broken_json"]


def test_text_behind_a_list_is_not_overlooked(tmp_path: Path) -> None:
    assert codes(read(tmp_path, json.dumps(ROWS) + json.dumps(ROWS))) == ["row"] * 3 + ["broken_json"]


def test_lines_are_read_one_by_one_and_blank_ones_are_no_rows(tmp_path: Path) -> None:
    found = read(tmp_path, b'\xef\xbb\xbf{"n": 0}\n\n{"n": \n[1]\n{"n": "\xff"}\n{"n": 4}\r\n')
    assert codes(found) == ["row", "broken_json", "broken_json", "bad_encoding", "row"]
    assert [e.origin.split(":")[1] for e in found] == ["1", "3", "4", "5", "6"]
    assert found[-1].value == {"n": 4}


def test_parquet_shards_are_numbered_through(tmp_path: Path) -> None:
    for n in (0, 1):
        pq.write_table(pa.table({"n": [n * 2, n * 2 + 1]}), tmp_path / f"train-{n:05d}.parquet")
    found = list(elements(tmp_path))
    assert [(e.key, e.value["n"]) for e in found] == [("0", 0), ("1", 1), ("2", 2), ("3", 3)]
    assert found[3].origin == "train-00001.parquet#1"


@pytest.mark.parametrize(("content", "said"), [
    (b"<!DOCTYPE html>", "starts with '<!DOCTYPE html>'"), (b"", "is empty"), (b"\n\n  PK\x03\x04", ":3: is not JSON"),
    (b'"just text"', "is not JSON"),
])
def test_a_file_that_is_no_json_stops(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(SourceError, match=said):
        read(tmp_path, content)


def test_a_file_that_is_no_parquet_stops(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a readable Parquet"):
        read(tmp_path, b"PAR1 and then nothing", "rows.parquet")


def test_a_folder_without_data_names_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds notes\.txt; expected a file ending in \.json"):
        read(tmp_path, b"x", "notes.txt")


def test_memory_stays_at_a_window(tmp_path: Path) -> None:
    import tracemalloc

    row = json.dumps({"text": "x" * 2_000})
    with open(tmp_path / "rows.json", "w") as file:
        file.write("[" + ",\n".join([row] * 40_000) + "]")  # 80 MB
    tracemalloc.start()
    count = sum(1 for _ in elements(tmp_path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert peak < 40e6
