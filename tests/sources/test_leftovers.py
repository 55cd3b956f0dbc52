"""What desktops, editors and tools leave beside data is never read, copied or hashed."""

import json
import shutil
from pathlib import Path, PurePosixPath

import pytest

from ultramed.params import Input, Pin
from ultramed.sources.formats import alpaca, medquad
from ultramed.sources.hashing import content_hash
from ultramed.sources.leftovers import is_leftover
from ultramed.sources.locations import fetch
from ultramed.sources.raw import RawRow

ROW = {"instruction": "Name a vitamin that dissolves in fat.", "input": "", "output": "Vitamin K."}
APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "
LEFT = ["._train.jsonl", "__MACOSX/._train.jsonl", "__MACOSX/train.jsonl", "sub/.DS_Store", ".DS_Store", "Thumbs.db",
        "$RECYCLE.BIN/train.jsonl", "sub/~$train.csv", ".git/config.json", ".ipynb_checkpoints/train.json",
        "@eaDir/train.jsonl", ".~lock.train.csv#", "train.jsonl~", ".train.jsonl.swp", "#train.jsonl#"]


@pytest.mark.parametrize("name", LEFT)
def test_a_leftover_is_known_by_its_path(name: str) -> None:
    assert is_leftover(PurePosixPath(name))


@pytest.mark.parametrize("name", [
    "train.jsonl", "a.b/train.jsonl", "_train.jsonl", "macosx/train.jsonl", "thumbs.json", "1_CancerGov_QA/1.xml",
    "a#b"])
def test_data_is_none(name: str) -> None:
    assert not is_leftover(PurePosixPath(name))


def folder_with_leftovers(folder: Path) -> Path:
    """A row, and every leftover beside it."""
    for name in LEFT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(APPLE_DOUBLE)
    (folder / "train.jsonl").write_text(json.dumps(ROW))
    return folder


def test_a_reader_passes_them_over(tmp_path: Path) -> None:
    (row,) = alpaca.read(folder_with_leftovers(tmp_path), Input(format="alpaca"))
    assert isinstance(row, RawRow) and row.origin == "train.jsonl:1"


def test_the_xml_reader_passes_them_over(tmp_path: Path) -> None:
    (tmp_path / "GHR_QA").mkdir()
    (tmp_path / "GHR_QA/0000001.xml").write_text(
        '<Document><QAPairs><QAPair pid="1"><Question qid="1-1">What is (are) gout ?</Question>'
        "<Answer>An arthritis from crystals of urate.</Answer></QAPair></QAPairs></Document>")
    (tmp_path / "GHR_QA/._0000001.xml").write_bytes(APPLE_DOUBLE)
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX/._0000001.xml").write_bytes(APPLE_DOUBLE)
    assert [row.key for row in medquad.read(tmp_path, Input(format="medquad"))] == ["GHR_QA/0000001-1"]


def test_a_folder_that_was_opened_on_a_desktop_keeps_its_pin(tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    clean.mkdir()
    (clean / "train.jsonl").write_text(json.dumps(ROW))
    littered = folder_with_leftovers(tmp_path / "littered")
    assert content_hash(clean) == content_hash(littered)
    fetch("mine", Pin(location=str(littered), sha256=content_hash(clean)), tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").rglob("*")] == ["train.jsonl"]
    shutil.rmtree(tmp_path / "out")
