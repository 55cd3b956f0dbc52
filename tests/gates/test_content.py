"""The content hash is the one DVC records: MD5 over the JSON list of its files' MD5s and relative paths."""

import hashlib
import json
from pathlib import Path

import pytest

from ultramed.errors import SourceError
from ultramed.gates.content import content_hash


def test_it_is_dvcs_hash_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    files = {"b.parquet": b"two", "a/rows.parquet": b"one"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    listed = [{"md5": hashlib.md5(files[name]).hexdigest(), "relpath": name} for name in sorted(files)]
    expected = hashlib.md5(json.dumps(listed, sort_keys=True).encode()).hexdigest() + ".dir"

    assert content_hash(tmp_path) == expected
    (tmp_path / "b.parquet").write_bytes(b"three")
    assert content_hash(tmp_path) != expected


def test_no_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not exist"):
        content_hash(tmp_path / "nothing")
