"""The ledger: every reply ever bought, by the key of its request. Money is never spent twice.

One SQLite file, shared by every process of the repository; in WAL mode, except on network file systems. A reply counts
once it is on disk (`synchronous=FULL`). It is not a DVC output: manifests pin the replies that a stage used.
"""

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ultramed.errors import LedgerError
from ultramed.ledger.file_systems import remote
from ultramed.ledger.requests import Reply, canonical, digest

VERSION = 1
Row = tuple[object, ...]  # of the table `replies`
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS replies (
    key TEXT PRIMARY KEY, identity TEXT NOT NULL, stage TEXT NOT NULL, asked TEXT NOT NULL, reply TEXT NOT NULL,
    checksum TEXT NOT NULL, price_usd REAL NOT NULL, latency_s REAL NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class LedgerEntry:
    """A bought reply, with details that no output may depend on."""

    key: str
    identity: str  # of the model
    stage: str
    asked: str  # the turns, as JSON: what `ultramed explain` shows
    reply: Reply
    price_usd: float
    latency_s: float


class Ledger:
    """An open ledger. Raises LedgerError when it cannot be opened, read or written, or has another version.

    `remote`: type of the network file system that holds it, if any. The journal is slower there, and only one machine
    can use the ledger at a time.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "ledger.sqlite"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.remote = remote(folder)
            with exclusive(folder):  # SQLite does not wait while another process switches a new file to WAL
                if not self.path.exists():
                    self._create()
                elif not self.path.stat().st_size:
                    raise LedgerError(str(self.path), "is empty: the replies that were in it are gone",
                                      "restore it from a copy, or start a new one with `ultramed ledger rescue`")
                version = self._open()
        except (sqlite3.Error, OSError) as error:
            raise self._fault(error) from None
        if version != str(VERSION):
            raise LedgerError(
                str(self.path), f"is a ledger of version {version}; this code reads version {VERSION}",
                "point ULTRAMED_LEDGER at another folder, or check out the code that wrote it",
            )

    def _create(self) -> None:
        """Make a ledger beside, then rename it: a kill leaves no empty file."""
        partial = self.path.with_name(f"{self.path.name}.new")
        partial.unlink(missing_ok=True)
        with closing(sqlite3.connect(partial)) as db:
            db.executescript(_TABLES)
        os.replace(partial, self.path)

    def _open(self) -> str:
        """Open the file. Returns its version."""
        self._db = sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)
        self._db.text_factory = lambda raw: raw.decode("utf-8", "replace")  # damaged text fails its checksum
        self._db.execute(f"PRAGMA journal_mode={'DELETE' if self.remote else 'WAL'}")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_TABLES)
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('version', ?)", (str(VERSION),))
        return self._db.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()[0]

    def get(self, keys: Iterable[str]) -> dict[str, LedgerEntry]:
        """The entries that the ledger has for these keys; a damaged one counts as missing."""
        wanted = list(dict.fromkeys(keys))
        entries: dict[str, LedgerEntry] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            query = f"SELECT * FROM replies WHERE key IN ({','.join('?' * len(part))})"
            for key, identity, stage, asked, reply, checksum, price, latency, _ in self.read(query, part):
                if is_intact(key, reply, checksum):
                    entries[key] = LedgerEntry(key, identity, stage, asked, Reply(**json.loads(reply)), price, latency)
        return entries

    def put(self, entries: list[LedgerEntry]) -> dict[str, LedgerEntry]:
        """Record entries in one durable transaction. Returns the entries the ledger now has for their keys."""
        with self.writing() as db:
            earlier = self.insert(db, entries)
        return {e.key: earlier.get(e.key, e) for e in reversed(entries)}

    def insert(self, db: sqlite3.Connection, entries: list[LedgerEntry]) -> dict[str, LedgerEntry]:
        """Record entries inside a transaction. The first reply recorded for a key stays. Returns the entries that
        the ledger already had for these keys."""
        earlier = self.get(e.key for e in entries)
        first = {e.key: e for e in reversed(entries)}
        self._insert(db, [self._row(e) for e in first.values() if e.key not in earlier])
        return earlier

    def add(self, rows: list[Row]) -> int:
        """Record rows of the table in one durable transaction. Returns how many were new."""
        with self.writing() as db:
            earlier = self.get(str(row[0]) for row in rows)
            return self._insert(db, [row for row in rows if row[0] not in earlier])

    def _insert(self, db: sqlite3.Connection, rows: list[Row]) -> int:
        """Insert rows, replacing damaged ones: those that `get` did not return."""
        return db.executemany("INSERT OR REPLACE INTO replies VALUES (?,?,?,?,?,?,?,?,?)", rows).rowcount if rows else 0

    def read(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple]:
        """Rows of a query, one by one."""
        try:
            yield from self._db.execute(query, values)
        except sqlite3.Error as error:
            raise self._fault(error) from None

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all or nothing."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def compact(self) -> None:
        """Free the space of deleted rows, in the file and in its log."""
        try:
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise self._fault(error) from None

    def close(self) -> None:
        self._db.close()

    def _row(self, e: LedgerEntry) -> Row:
        reply = canonical(e.reply.record)
        checksum = _checksum(e.key, reply)
        return e.key, e.identity, e.stage, e.asked, reply, checksum, e.price_usd, e.latency_s, time.time()

    def _fault(self, error: Exception) -> LedgerError:
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
        return LedgerError(
            str(self.path), f"cannot be used: {error}",
            "`ultramed ledger rescue` makes a new ledger of all replies that can be read" if damaged else
            "check free space and permissions there, or point ULTRAMED_LEDGER at another folder",
        )


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Lock a folder: other processes that enter wait."""
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)  # NFS locks no folders
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _checksum(key: str, reply: object) -> str:
    return digest([key, str(reply)])


def is_intact(key: str, reply: object, checksum: str) -> bool:
    """Whether a reply is what was written."""
    return _checksum(key, reply) == checksum
