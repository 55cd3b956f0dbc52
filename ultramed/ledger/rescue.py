"""Makes a new ledger out of one that SQLite can no longer read. A reply is taken only if its checksum fits."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import quote

from ultramed.errors import LedgerError
from ultramed.ledger.budget import NANO, Budget, note_overrun, record_spending
from ultramed.ledger.carving import Carver, Value
from ultramed.ledger.claims import BATCHES
from ultramed.ledger.ledger import Ledger, exclusive, is_intact
from ultramed.params import BudgetUSD

BATCH = 1_000  # replies recorded at a time
_IN_USE = 128  # byte of the shared-memory file that every process with an open ledger has locked


@dataclass(frozen=True)
class Rescued:
    """What came out of a damaged ledger."""

    replies: int
    damaged: int  # replies found but not as they were written: they will be asked for again
    kept: Path | None  # the folder with the damaged files; None if the ledger was sound


def rescue(folder: Path) -> Rescued:
    """Replace a damaged ledger with one that holds its intact replies and what was spent; a sound one stays as it is.

    A kill leaves either the damaged or the new ledger. Raises LedgerError if there is none, or if it is in use.
    """
    path = folder / "ledger.sqlite"
    if not path.is_file():
        raise LedgerError(str(path), "is not there: there is nothing to rescue")
    with exclusive(folder):
        _refuse_in_use(path)
        if _is_sound(path):
            return Rescued(0, 0, None)
        fresh = folder / "rescued"
        shutil.rmtree(fresh, ignore_errors=True)
        with closing(Ledger(fresh)) as ledger:
            replies, damaged = _copy(Carver(path), ledger)
        kept = _set_aside(path)
        for suffix in ("-wal", "-shm"):  # SQLite would apply an old log to the new file
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(fresh / path.name, path)
        shutil.rmtree(fresh)
    return Rescued(replies, damaged, kept)


def _copy(carver: Carver, ledger: Ledger) -> tuple[int, int]:
    """Record what was found. Returns how many replies are intact, and how many are not."""
    Budget(ledger, "", BudgetUSD())  # makes its tables
    batches: list[tuple[Value, ...]] = []
    reserved: list[tuple[str, str, int]] = []
    good: list[tuple[Value, ...]] = []
    prices: dict[str, float] = {}
    found, damaged, spending = 0, 0, {}
    for row in carver.rows():
        if _types(row[:6]) == (str,) * 6 and len(row) == 9:
            if not is_intact(str(row[0]), row[4], str(row[5])):
                damaged += 1
                continue
            good.append(row)
            if len(good) == BATCH:
                found, good = found + _record(ledger, good, prices), []
        elif _types(row) == (str, int, int):  # of the table `spent`
            spending[str(row[0])] = (int(row[1] or 0), int(row[2] or 0))
        elif _types(row) == (str, str, int):  # of the table `reserved`
            reserved.append((str(row[0]), str(row[1]), int(row[2] or 0)))
        elif _types(row[:5]) == (str, str, str, str, int) and len(row) == 6:  # of the table `batches`
            batches.append(row)
        elif _types(row) == (str, int):  # of the table `overruns`
            with ledger.writing() as db:
                note_overrun(db, str(row[0]), int(row[1] or 0))
    found += _record(ledger, good, prices)
    for stage, nano in _left_reserved(ledger, batches, reserved):
        sure, perhaps = spending.get(stage, (0, 0))
        spending[stage] = (sure, perhaps + nano)
    for stage, usd in prices.items():
        sure, perhaps = spending.get(stage, (0, 0))
        spending[stage] = (max(sure, round(usd * NANO)), perhaps)
    record_spending(ledger, spending)
    return found, damaged


def _left_reserved(
    ledger: Ledger, batches: list[tuple[Value, ...]], reserved: list[tuple[str, str, int]]
) -> Iterator[tuple[str, int]]:
    """Record batches that are still to be collected, with their money. Yields what was reserved for anything else, by
    stage: nobody knows whether it was spent."""
    owners = {f"batch:{batch[0]}" for batch in batches}
    with ledger.writing() as db:
        db.execute(BATCHES)
        db.executemany("INSERT OR REPLACE INTO batches VALUES (?,?,?,?,?,?)", batches)
        db.executemany("INSERT OR REPLACE INTO reserved VALUES (?,?,?)", [r for r in reserved if r[0] in owners])
    yield from ((stage, nano) for owner, stage, nano in reserved if owner not in owners)


def _record(ledger: Ledger, rows: list[tuple[Value, ...]], prices: dict[str, float]) -> int:
    for row in rows:
        prices[str(row[2])] = prices.get(str(row[2]), 0.0) + float(row[6] or 0)
    return ledger.add([tuple(row) for row in rows])


def _types(row: tuple[Value, ...]) -> tuple[type, ...]:
    return tuple(map(type, row))


def _is_sound(path: Path) -> bool:
    if path.stat().st_size == 0:
        return False
    try:
        # read-only: the last writer to close would delete the log, and with it what follows a damaged frame
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as db:
            tables = db.execute("SELECT count(*) FROM sqlite_master WHERE name IN ('meta', 'replies')").fetchone()
            return tables == (2,) and db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    except sqlite3.Error:
        return False


def _refuse_in_use(path: Path) -> None:
    shared = path.with_name(f"{path.name}-shm")
    if not shared.is_file():
        return
    with open(shared, "r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _IN_USE)
        except OSError:
            raise LedgerError(str(path), "is in use by a run", "wait for it or stop it, then rescue") from None


def _set_aside(path: Path) -> Path:
    """Copies of the damaged files, as links where the file system has them."""
    kept = next(p for n in count(1) if not (p := path.parent / f"damaged-{n}").exists())
    kept.mkdir()
    for suffix in ("", "-wal"):
        source = path.with_name(path.name + suffix)
        if source.is_file():
            try:
                os.link(source, kept / source.name)
            except OSError:
                shutil.copy2(source, kept / source.name)
    return kept
