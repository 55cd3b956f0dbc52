"""The ledger: its entries stay, for every process, and its own faults are one clear line."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from ultramed.errors import LedgerError
from ultramed.ledger.file_systems import remote
from ultramed.ledger.ledger import Ledger, LedgerEntry
from ultramed.ledger.requests import Reply

WRITER = """
import os, signal, sys
from pathlib import Path
from ultramed.ledger.ledger import LedgerEntry, Ledger
from ultramed.ledger.requests import Reply

folder, author, count, end = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
print("ready", flush=True)
sys.stdin.readline()
ledger = Ledger(folder)
kept = []
for n in range(count):
    entry = LedgerEntry(f"k{n}", "m", "s", "[]", Reply(f"{author} {n}", "stop", "m", 1, 1), 0.0, 0.1)
    kept.append(ledger.put([entry])[f"k{n}"].reply.text)
print("|".join(kept), flush=True)
if end == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""


def entry(key: str = "k", text: str = "a reply", price: float = 0.5) -> LedgerEntry:
    reply = Reply(text, "stop", "served", 10, 2, [{"B": -0.25, "\n": -3.5}])
    return LedgerEntry(key, "identity", "judge", '[{"role": "user"}]', reply, price, 1.25)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger")) as opened:
        yield opened


def change(ledger: Ledger, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(ledger.path)) as db:
        db.execute(statement, values)
        db.commit()


def start(folder: Path, author: str, count: int, end: str = "") -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, folder, author, str(count), end], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def together(writers: list[subprocess.Popen[str]]) -> list[list[str]]:
    """Start the writers at once. Returns what the ledger kept after each of their entries."""
    for writer in writers:
        assert writer.stdout is not None and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    told = [writer.communicate(timeout=60) for writer in writers]
    assert all(out for out, _ in told), [said for _, said in told]
    return [out.strip().split("|") for out, _ in told]


def fault(folder: Path) -> str:
    with pytest.raises(LedgerError) as caught:
        Ledger(folder)
    line = str(caught.value)
    assert line.startswith(str(folder / "ledger.sqlite")) and "\n" not in line
    return line


def test_an_entry_comes_back_as_it_was(ledger: Ledger) -> None:
    given = entry(text="naïve \U0001f9ec\x00\n'; DROP TABLE replies; --")
    assert ledger.put([given]) == {"k": given}
    assert ledger.get(["k"]) == {"k": given}
    assert ledger.get(["other"]) == ledger.get([]) == {}


def test_many_keys_are_found_at_once(ledger: Ledger) -> None:
    entries = [entry(f"k{n}", str(n)) for n in range(1203)]
    assert ledger.put(entries) == ledger.get(e.key for e in entries) == {e.key: e for e in entries}


def test_the_first_reply_stays_and_everyone_is_given_it(ledger: Ledger) -> None:
    ledger.put([entry(text="first", price=0.5)])
    kept = ledger.put([entry(text="second", price=0.7), entry("other")])
    assert (kept["k"].reply.text, kept["k"].price_usd) == ("first", 0.5)
    assert ledger.get(["k"])["k"].reply.text == "first"


def test_a_reply_is_on_disk_when_put_returns(tmp_path: Path) -> None:
    """The writer is killed right after, without closing anything."""
    writer = start(tmp_path, "w", 5, "kill")
    together([writer])
    assert writer.returncode == -signal.SIGKILL
    with closing(Ledger(tmp_path)) as ledger:
        assert len(ledger.get(f"k{n}" for n in range(5))) == 5
        assert ledger._db.execute("PRAGMA synchronous").fetchone() == (2,), "FULL: survives a power loss, too"
        assert ledger._db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_two_processes_write_at_once_and_agree(tmp_path: Path) -> None:
    first, second = together([start(tmp_path, "a", 200), start(tmp_path, "b", 200)])
    assert first == second
    with closing(Ledger(tmp_path)) as ledger:
        kept = ledger.get(f"k{n}" for n in range(200))
    assert [kept[f"k{n}"].reply.text for n in range(200)] == first


def test_many_processes_open_a_new_ledger_at_once(tmp_path: Path) -> None:
    for n in range(3):
        folder = tmp_path / str(n)
        kept = together([start(folder, str(w), 1) for w in range(6)])
        assert len({texts[0] for texts in kept}) == 1


@pytest.mark.parametrize("damage", [
    "reply = replace(reply, 'a reply', 'a lie')", "checksum = 'none'", "reply = CAST(x'fffe' AS TEXT)",
    "reply = x'00ff'", "reply = '{}'", "checksum = x'ff'", "asked = CAST(x'fffe' AS TEXT), reply = ''",
])
def test_a_damaged_record_costs_that_record_only(damage: str, ledger: Ledger) -> None:
    ledger.put([entry("k1"), entry("k2"), entry("k3")])
    change(ledger, f"UPDATE replies SET {damage} WHERE key = 'k2'")
    assert sorted(ledger.get(["k1", "k2", "k3"])) == ["k1", "k3"]
    kept = ledger.put([entry("k2", "bought again"), entry("k3", "not again")])
    assert (kept["k2"].reply.text, kept["k3"].reply.text) == ("bought again", "a reply")
    assert len(ledger.get(["k1", "k2", "k3"])) == 3


def test_a_reply_under_another_key_is_damage(ledger: Ledger) -> None:
    ledger.put([entry("k1")])
    change(ledger, "UPDATE replies SET key = 'k2'")
    assert ledger.get(["k2"]) == {}


def test_another_version_is_refused(ledger: Ledger) -> None:
    change(ledger, "UPDATE meta SET value = '2' WHERE name = 'version'")
    assert "is a ledger of version 2; this code reads version 1; point ULTRAMED_LEDGER" in fault(ledger.path.parent)


@pytest.mark.parametrize("content", [b"not a database " * 1000, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_file_that_is_no_ledger_is_one_clear_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(content)
    assert "cannot be used: " in fault(tmp_path)
    assert (tmp_path / "ledger.sqlite").read_bytes() == content, "it is left for a person to inspect"


def test_a_ledger_spoilt_while_open_is_one_clear_line(ledger: Ledger) -> None:
    ledger.put([entry(f"k{n}", "x" * 3000) for n in range(100)])
    ledger.close()
    size = ledger.path.stat().st_size
    with open(ledger.path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(LedgerError, match="cannot be used: ") as caught, closing(Ledger(ledger.path.parent)) as again:
        again.get(["k1"])
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be used: " in fault(tmp_path / "file" / "ledger")


@pytest.mark.parametrize("filled", [True, False], ids=["ledger there", "none there"])
def test_a_read_only_folder_is_one_clear_line(filled: bool) -> None:
    """Root may write anywhere, so a child process of root gives up that right first."""
    folder = Path(tempfile.mkdtemp())  # pytest's own folders are closed to other users
    try:
        if filled:
            Ledger(folder).close()
            (folder / "ledger.sqlite").chmod(0o444)
        folder.chmod(0o555)
        reading, writing = os.pipe()
        if os.fork() == 0:
            if os.getuid() == 0:
                os.setuid(65534)
            try:
                Ledger(folder)
                os.write(writing, b"opened")
            except LedgerError as error:
                os.write(writing, str(error).encode())
            finally:
                os._exit(0)
        os.wait()
        told = os.read(reading, 10_000).decode()
        assert told.startswith(f"{folder}/ledger.sqlite: cannot be used: ")
        assert "check free space and permissions there" in told and "\n" not in told
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the system calls a mount of NFS, on a disk."""
    mounts = [SimpleNamespace(mountpoint=str(folder), fstype=kind)
              for folder, kind in ((Path("/"), "ext4"), (tmp_path / "share", "ext4"), (tmp_path / "share", "nfs4"))]
    monkeypatch.setattr("psutil.disk_partitions", lambda all: mounts)
    return tmp_path / "share"


def journal(ledger: Ledger) -> str:
    return next(ledger.read("PRAGMA journal_mode"))[0]


def test_on_a_network_file_system_the_journal_is_another(mounted: Path, tmp_path: Path) -> None:
    with closing(Ledger(mounted / "ledger")) as ledger, closing(Ledger(mounted / "ledger")) as second:
        assert (ledger.remote, journal(ledger), sorted(p.suffix for p in ledger.path.parent.iterdir())) == (
            "nfs4", "delete", ["", ".sqlite"])
        ledger.put([entry()])
        assert second.get(["k"])["k"] == entry()
    with closing(Ledger(tmp_path / "local")) as ledger:
        assert (ledger.remote, journal(ledger)) == ("", "wal")


def test_a_ledger_that_moves_to_a_network_file_system_keeps_its_replies(mounted: Path, tmp_path: Path) -> None:
    with closing(Ledger(tmp_path / "local")) as ledger:
        ledger.put([entry()])
    shutil.copytree(tmp_path / "local", mounted / "ledger")
    with closing(Ledger(mounted / "ledger")) as ledger:
        assert (journal(ledger), ledger.get(["k"])) == ("delete", {"k": entry()})


@pytest.mark.parametrize(("kind", "expected"), [
    ("nfs", "nfs"), ("cifs", "cifs"), ("fuse.sshfs", "fuse.sshfs"), ("9p", "9p"), ("ext4", ""), ("overlay", ""),
    ("fuseblk", ""), ("tmpfs", ""),
])
def test_which_file_systems_are_remote(kind: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psutil.disk_partitions", lambda all: [SimpleNamespace(mountpoint="/", fstype=kind)])
    assert remote(Path("/tmp")) == expected
