"""A damaged ledger: every reply that is still whole comes back, none that is not, and what was spent stays spent."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ultramed.errors import LedgerError
from ultramed.ledger.budget import Budget, note_overrun, overrun, spent
from ultramed.ledger.carving import Carver
from ultramed.ledger.claims import BATCHES
from ultramed.ledger.ledger import Ledger, LedgerEntry
from ultramed.ledger.requests import Reply, digest
from ultramed.ledger.rescue import rescue
from ultramed.params import BudgetUSD

COUNT = 400


def entry(n: int) -> LedgerEntry:
    """Texts from 1 byte to some 12 KB: rows within a page, and rows over several."""
    text = random.Random(n).choice(["é", "reply ", "a longer reply, "]) * (1 + n * n % 700)
    return LedgerEntry(digest(n), "local:abc", "judge" if n % 2 else "score", f'[{{"content": "{n}"}}]',
                       Reply(text, "stop", "m", 10, 5), 0.5 if n % 3 else 1.0, 0.1)


ENTRIES = {e.key: e for e in map(entry, range(COUNT))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ledger with replies and spending, all of it in the file and nothing in its log."""
    with closing(Ledger(tmp_path)) as ledger:
        ledger.put(list(ENTRIES.values()))
        budget = Budget(ledger, "judge", BudgetUSD())
        with ledger.writing() as db:
            budget.settle(db, 0, 900 * 10**9, 3 * 10**9)
            note_overrun(db, "local:abc", 700)
        ledger.compact()
    return tmp_path


def overwrite(path: Path, start: int, length: int) -> None:
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(random.Random(start).randbytes(length))


def held(folder: Path) -> dict[str, LedgerEntry]:
    with closing(Ledger(folder)) as ledger:
        return ledger.get(ENTRIES)


def test_the_carver_reads_a_sound_file_whole(folder: Path) -> None:
    rows = [row for row in Carver(folder / "ledger.sqlite").rows() if len(row) == 9]
    with sqlite3.connect(folder / "ledger.sqlite") as db:
        assert sorted(rows) == db.execute("SELECT * FROM replies ORDER BY key").fetchall()


@pytest.mark.parametrize(("start", "length", "lost"),
                         [(0, 100, 0), (0, 4096, 1), (0, 20_000, 20), (200_000, 50_000, 30)],
                         ids=["header", "first page", "first pages", "middle"])
def test_what_is_whole_comes_back(folder: Path, start: int, length: int, lost: int) -> None:
    overwrite(folder / "ledger.sqlite", start, length)
    damaged = (folder / "ledger.sqlite").read_bytes()
    with pytest.raises(LedgerError, match="`ultramed ledger rescue` makes a new ledger"):
        held(folder)
    rescued = rescue(folder)
    entries = held(folder)
    assert entries == {key: ENTRIES[key] for key in entries}
    assert len(entries) == rescued.replies >= COUNT - lost
    assert rescued.kept == folder / "damaged-1" and (rescued.kept / "ledger.sqlite").read_bytes() == damaged
    assert rescue(folder).kept is None, "now it is sound"


def test_what_was_spent_stays_spent(folder: Path) -> None:
    """judge: recorded as 900 and perhaps 3; score has no record, so the prices of its replies count."""
    overwrite(folder / "ledger.sqlite", 0, 100)
    rescue(folder)
    with closing(Ledger(folder)) as ledger:
        prices = sum(e.price_usd for e in ENTRIES.values() if e.stage == "score")
        assert spent(ledger) == {"judge": (900.0, 3.0), "score": (prices, 0.0)}
        with ledger.writing() as db:
            assert overrun(db, "local:abc") == 700


def test_a_batch_under_way_is_still_to_be_collected(folder: Path) -> None:
    row = ("u1", "local:abc", "judge", "process:1:1", 20, "batch_000001")
    with closing(Ledger(folder)) as ledger:
        budgets = [Budget(ledger, "judge", BudgetUSD(), owner) for owner in ("batch:u1", "batch:lost")]
        with ledger.writing() as db:
            db.execute(BATCHES)
            db.execute("INSERT INTO batches VALUES (?,?,?,?,?,?)", row)
            for budget in budgets:
                budget.reserve(db, [7 * 10**9])
        ledger.compact()
    overwrite(folder / "ledger.sqlite", 0, 100)
    assert rescue(folder).replies == COUNT
    with closing(Ledger(folder)) as ledger:
        assert list(ledger.read("SELECT * FROM batches")) == [row]
        assert list(ledger.read("SELECT * FROM reserved")) == [("batch:u1", "judge", 7 * 10**9)]
        assert spent(ledger)["judge"] == (900.0, 3.0 + 7.0), "of a batch that nobody will collect"


def test_replies_in_the_log_of_a_killed_process_come_back(tmp_path: Path) -> None:
    code = ("import os, sys; sys.path.insert(0, 'tests/ledger'); from pathlib import Path; import test_rescue as t;"
            f"ledger = t.Ledger(Path({str(tmp_path)!r})); ledger.put(list(t.ENTRIES.values())[:50]);"
            "os.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL and (tmp_path / "ledger.sqlite-wal").stat().st_size > 50_000
    overwrite(tmp_path / "ledger.sqlite", 0, 4096)
    overwrite(tmp_path / "ledger.sqlite-wal", 4000, 8000)
    assert rescue(tmp_path).replies >= 35
    assert held(tmp_path).items() <= ENTRIES.items()


def test_random_bytes_hold_nothing_and_take_no_time(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"\n\0\0\xff\xff" * 200_000)
    assert rescue(tmp_path).replies == 0 and held(tmp_path) == {}


def test_an_empty_file_is_no_new_ledger_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").touch()
    with pytest.raises(LedgerError, match="is empty: the replies that were in it are gone; restore it from a copy"):
        Ledger(tmp_path)
    rescue(tmp_path)
    assert held(tmp_path) == {}


def test_a_kill_while_a_ledger_is_made_leaves_none(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite.new").touch()
    assert held(tmp_path) == {} and not (tmp_path / "ledger.sqlite.new").exists()


def test_no_ledger_and_one_in_use_are_one_line(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(LedgerError, match="is not there: there is nothing to rescue"):
        rescue(tmp_path_factory.mktemp("none"))
    code = (f"from pathlib import Path; from ultramed.ledger.ledger import Ledger; x = Ledger(Path({str(folder)!r}));"
            "x.get(['k']); print('open', flush=True); input()")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline() == b"open\n"
        with pytest.raises(LedgerError, match="is in use by a run"):
            rescue(folder)
        other.communicate(b"\n")
