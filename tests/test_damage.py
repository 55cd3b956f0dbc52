"""A damaged Parquet file is one line, whatever reads it."""

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed.damage import damage, explained


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ULTRAMED_LEDGER", str(tmp_path / "ledger"))
    path = tmp_path / "data/curated/rows-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(pa.table({"id": [f"MedQA,{n}" for n in range(5_000)]}), path, compression="zstd")
    return path


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip(content: bytes) -> bytes:
    """Pages are damaged, the footer is not."""
    return content[:40] + b"\xff" * 2_000 + content[2_040:]


def zeroed(content: bytes) -> bytes:
    """The footer's own bytes, before its length and the closing mark."""
    return content[:-60] + b"\0" * 52 + content[-8:]


@pytest.mark.parametrize(("reader", "spoil"), [
    *((reader, spoil) for reader in ("pyarrow", "duckdb") for spoil in (cut, flip, lambda _: b"", lambda _: b"<html>")),
    ("pyarrow", zeroed),  # what DuckDB reads of the footer is not there
])
def test_the_damaged_file_is_named(table: Path, tmp_path: Path, reader: str, spoil: object) -> None:
    table.write_bytes(spoil(table.read_bytes()))  # type: ignore[operator]
    with pytest.raises(Exception) as caught:
        if reader == "pyarrow":
            pq.read_table(table)
        else:
            duckdb.sql(f"select * from read_parquet('{table}')").fetchall()
    told = explained(caught.value, tmp_path)  # type: ignore[arg-type]
    assert told is not None
    assert str(told).startswith(f"{table}: is not a readable Parquet file: ") and "dvc checkout --force" in str(told)
    assert "\n" not in str(told)


def test_a_sound_table_is_not_blamed(table: Path, tmp_path: Path) -> None:
    assert damage(table) == ""
    with pytest.raises(duckdb.Error) as caught:
        duckdb.sql(f"select nothing from read_parquet('{table}')")
    assert explained(caught.value, tmp_path) is None


@pytest.mark.parametrize("error", [ValueError("ours"), FileNotFoundError(2, "No such file", "a")])
def test_other_errors_keep_their_traceback(table: Path, tmp_path: Path, error: Exception) -> None:
    table.write_bytes(b"")
    assert explained(error, tmp_path) is None
