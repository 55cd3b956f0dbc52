"""Claims: requests under way, by key, so that no two runs buy the same reply.

Stored in the ledger's file. A claim ends with its reply, or with the process that made it, however that ends.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from itertools import count

from ultramed.ledger.ledger import Ledger
from ultramed.ledger.owners import is_alive, this_process

PART = 500  # keys in one query
BATCHES = """
CREATE TABLE IF NOT EXISTS batches (uid TEXT PRIMARY KEY, identity TEXT NOT NULL, stage TEXT NOT NULL,
                                    maker TEXT NOT NULL, lines INTEGER NOT NULL, batch_id TEXT) WITHOUT ROWID
"""
_TABLE = "CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL) WITHOUT ROWID"
_NUMBERS = count(1)


class Claims:
    """The claims of one owner: a pass of this process, or a batch that outlives it (`batch:<uid>`).

    Methods are called inside a transaction of the ledger.
    """

    def __init__(self, ledger: Ledger, owner: str = "") -> None:
        self.owner = owner or f"{this_process()}:{next(_NUMBERS)}"
        with ledger.writing() as db:
            db.execute(_TABLE)
            for (gone,) in db.execute("SELECT DISTINCT owner FROM claims").fetchall():
                if not is_alive(gone):
                    db.execute("DELETE FROM claims WHERE owner = ?", (gone,))

    def of_others(self, db: sqlite3.Connection, keys: Iterable[str]) -> dict[str, str]:
        """Those of the keys that another owner asks for, with who that is."""
        alive = {self.owner: False}
        claims = {}
        for query, part in _parts("SELECT key, owner FROM claims WHERE key IN", keys):
            for key, owner in db.execute(query, part).fetchall():
                if owner not in alive:
                    alive[owner] = is_alive(owner)
                if alive[owner]:
                    claims[key] = owner
        return claims

    def claim(self, db: sqlite3.Connection, keys: Iterable[str]) -> None:
        """Claim keys that no other owner asks for."""
        db.executemany("INSERT OR REPLACE INTO claims VALUES (?, ?)", ((key, self.owner) for key in keys))

    def release(self, db: sqlite3.Connection, keys: Iterable[str]) -> None:
        """Give up claims, if they are this owner's."""
        for query, part in _parts("DELETE FROM claims WHERE owner = ? AND key IN", keys):
            db.execute(query, (self.owner, *part))

    def drop(self, db: sqlite3.Connection) -> None:
        """Give up all claims of this owner; call it when none of its requests is in flight."""
        db.execute("DELETE FROM claims WHERE owner = ?", (self.owner,))


def _parts(query: str, keys: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    wanted = list(keys)
    for start in range(0, len(wanted), PART):
        part = wanted[start : start + PART]
        yield f"{query} ({','.join('?' * len(part))})", part
