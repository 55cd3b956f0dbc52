"""Tables: typed, complete or absent, the same bytes for the same rows."""

import dataclasses
import os
import signal
import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ultramed import records, tables
from ultramed.errors import SourceError
from ultramed.records import Assignment, Instruction, Message, Option, Record, Score, Verdict, as_dict, keep

KINDS: list[type[Record]] = [
    kind for kind in vars(records).values()
    if isinstance(kind, type) and issubclass(kind, Record) and kind is not Record
]
WRITER = """
import sys, time
from pathlib import Path
from ultramed import tables
from ultramed.records import Verdict, keep

def rows():
    for n in range(4):
        if n == 3:
            print("half", flush=True)
            time.sleep(60)
        yield keep(f"r{n}", "s")

with tables.artifact(Path(sys.argv[1])) as folder:
    tables.write(folder, "rows", Verdict, rows(), shard_rows=2)
"""


def verdicts(count: int) -> list[Verdict]:
    return [keep(f"r,{n}", "s", reason="ü" * n) for n in range(count)]


def sample(hint: Any, full: bool) -> Any:
    """A value of a field's type; optional fields are None and lists empty unless `full`."""
    if typing.get_origin(hint) is types.UnionType:
        return sample(next(a for a in typing.get_args(hint) if a is not type(None)), full) if full else None
    if typing.get_origin(hint) is list:
        return [sample(typing.get_args(hint)[0], full)] * 2 if full else []
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)[0]
    if issubclass(hint, Record):
        return record(hint, full)
    return {str: "naïve \U0001f9ec\n\x00 text" if full else "", int: 2**62, float: 0.1, bool: True}[hint]


def record(kind: type[Record], full: bool) -> Any:
    hints = typing.get_type_hints(kind)
    return kind(**{f.name: sample(hints[f.name], full) for f in dataclasses.fields(kind)})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_every_record_class_survives_the_round_trip(kind: type[Record], tmp_path: Path) -> None:
    rows = [record(kind, True), record(kind, False)]
    assert tables.write(tmp_path, "rows", kind, rows) == 2
    assert list(tables.read(tmp_path, kind)) == rows
    assert tables.count(tmp_path) == 2
    assert pq.read_schema(tables.shards(tmp_path)[0]).equals(tables.schema(kind))


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_plain_data_is_what_dataclasses_say(kind: type[Record]) -> None:
    assert as_dict(record(kind, True)) == dataclasses.asdict(record(kind, True))


def test_the_schema_names_types_and_what_may_be_absent() -> None:
    schema = tables.schema(Instruction)
    assert schema.names == [f.name for f in dataclasses.fields(Instruction)]
    assert [f.name for f in schema if f.nullable] == ["key", "reference", "parent", "as_of"]
    assert (schema.field("synthetic").type, schema.field("round").type) == (pa.bool_(), pa.int64())
    turn = pa.struct([pa.field("role", pa.string(), nullable=False), pa.field("content", pa.string(), nullable=False)])
    assert schema.field("messages").type == pa.list_(pa.field("element", turn, nullable=False))
    assert tables.schema(Score).field("score").type == pa.float64()


@pytest.mark.parametrize("row", [
    Assignment(None, "f", "train"),  # type: ignore[arg-type]
    Assignment("a", 3, "train"),  # type: ignore[arg-type]
], ids=["none", "number"])
def test_a_value_of_another_type_is_never_written(row: Assignment, tmp_path: Path) -> None:
    with pytest.raises((pa.ArrowException, ValueError, TypeError)), tables.artifact(tmp_path / "a") as folder:
        tables.write(folder, "rows", Assignment, [row])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("rows", "sizes"), [(0, [0]), (1, [1]), (2, [2]), (3, [2, 1]), (4, [2, 2]), (5, [2, 2, 1])])
def test_shards_are_numbered_of_all_and_keep_the_order(rows: int, sizes: list[int], tmp_path: Path) -> None:
    assert tables.write(tmp_path, "rows", Verdict, iter(verdicts(rows)), shard_rows=2) == rows
    names = [f"rows-{n:05d}-of-{len(sizes):05d}.parquet" for n in range(len(sizes))]
    assert sorted(os.listdir(tmp_path)) == names
    assert [pq.read_metadata(tmp_path / name).num_rows for name in names] == sizes
    assert list(tables.read(tmp_path, Verdict)) == verdicts(rows)


def test_an_empty_table_has_its_schema(tmp_path: Path) -> None:
    tables.write(tmp_path, "verdicts", Verdict, [])
    assert (tables.count(tmp_path, "verdicts"), list(tables.read(tmp_path, Verdict, "verdicts"))) == (0, [])
    assert pq.read_schema(tables.shards(tmp_path, "verdicts")[0]).equals(tables.schema(Verdict))


def test_rows_are_streamed_a_shard_at_a_time(tmp_path: Path) -> None:
    seen: list[int] = []

    def rows() -> Iterator[Verdict]:
        for verdict in verdicts(6):
            seen.append(len(os.listdir(tmp_path)))
            yield verdict

    tables.write(tmp_path, "rows", Verdict, rows(), shard_rows=2)
    assert seen == [0, 0, 1, 1, 2, 2]


def test_identical_rows_have_identical_bytes(tmp_path: Path) -> None:
    turns, options = [Message("user", "q")], [Option("A", "x"), Option("B", "y")]
    rows = [
        Instruction(f"i,{n}", "s", "exam", "exam", False, turns, options, "A", None, None, 0, "f", "open", None, "o")
        for n in range(3000)
    ]
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        tables.write(tmp_path / name, "rows", Instruction, list(rows), shard_rows=1000)
    first, second = ([s.read_bytes() for s in tables.shards(tmp_path / name)] for name in ("a", "b"))
    assert first == second
    assert str(tmp_path).encode() not in b"".join(first)


def test_a_shard_that_is_missing_is_noticed(tmp_path: Path) -> None:
    tables.write(tmp_path, "rows", Verdict, verdicts(5), shard_rows=2)
    (tmp_path / "rows-00001-of-00003.parquet").unlink()
    with pytest.raises(SourceError, match=r"has 2 shard\(s\) of table 'rows', not a complete set; run `dvc repro`"):
        tables.count(tmp_path)


@pytest.mark.parametrize("folder", ["", "nowhere"])
def test_a_table_that_is_not_there_is_one_clear_line(folder: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"has 0 shard\(s\) of table 'rows'") as caught:
        list(tables.read(tmp_path / folder, Verdict))
    assert "\n" not in str(caught.value)


def test_an_artifact_appears_whole_and_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "data" / "screened"
    for text in ("old", "new"):
        with tables.artifact(path) as folder:
            (folder / text).write_text(text)
            assert not (path / text).exists()
    assert os.listdir(path) == ["new"]
    assert os.listdir(path.parent) == ["screened"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_what_was_there(error: type[BaseException], tmp_path: Path) -> None:
    def fail() -> None:
        with tables.artifact(tmp_path / "a") as folder:
            tables.write(folder, "rows", Verdict, verdicts(3))
            raise error

    with pytest.raises(error):
        fail()
    assert os.listdir(tmp_path) == []
    with tables.artifact(tmp_path / "a") as folder:
        (folder / "old").touch()
    with pytest.raises(error):
        fail()
    assert (os.listdir(tmp_path), os.listdir(tmp_path / "a")) == (["a"], ["old"])


def test_a_killed_writer_leaves_no_half_output(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == "half\n"
        writer.kill()
    assert not path.exists()
    assert list(tmp_path.rglob("*00000*")), "it was killed with a shard written"
    with tables.artifact(path) as folder:
        tables.write(folder, "rows", Verdict, verdicts(1))
    assert (os.listdir(tmp_path), tables.count(path)) == (["a"], 1)


def test_a_kill_while_the_old_artifact_is_replaced_leaves_no_mixture(tmp_path: Path) -> None:
    """A child process is killed before its first, second … removal or renaming, until one run completes."""
    for step in range(1, 40):
        path = tmp_path / str(step) / "a"
        with tables.artifact(path) as folder:
            for n in range(4):
                (folder / f"old-{n}").touch()
        done = _replace_and_die(path, step)
        left = {name.split("-")[0]: len(list(path.glob(f"{name.split('-')[0]}-*"))) for name in _names(path)}
        assert left in ({}, {"old": 4}, {"new": 4}), f"killed at step {step}"
        if done:
            assert (left, step > 3) == ({"new": 4}, True)
            return
    raise AssertionError("never came to its end")


def _names(path: Path) -> list[str]:
    return os.listdir(path) if path.exists() else []


def _replace_and_die(path: Path, step: int) -> bool:
    """Replace an artifact in a child that kills itself before its `step`-th removal or renaming; True if it lived."""
    child = os.fork()
    if child == 0:
        left = [step]

        def watch(event: str, _: tuple) -> None:
            if event in ("os.remove", "os.rmdir", "os.rename"):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(watch)
            with tables.artifact(path) as folder:
                for n in range(4):
                    (folder / f"new-{n}").touch()
            os._exit(0)
        finally:
            os._exit(2)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return not os.WIFSIGNALED(status)


def test_a_text_file_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "quality" / "a.json"
    tables.write_text(path, "naïve\n")
    with pytest.raises(UnicodeEncodeError):
        tables.write_text(path, "x" * 100_000 + "\ud800")
    assert path.read_bytes() == "naïve\n".encode()
