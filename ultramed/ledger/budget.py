"""The budget: the most a request can cost is reserved before it is sent, and settled when its reply arrives.

Stored in the ledger's file next to the replies, so that all processes of the repository draw on one budget, over the
ledger's whole life. Amounts are integers, in billionths of a USD.
"""

import sqlite3

from ultramed.errors import BudgetError
from ultramed.ledger.ledger import Ledger
from ultramed.ledger.owners import is_alive, this_process
from ultramed.params import BudgetUSD, Price

NANO = 10**9
_TABLES = """
CREATE TABLE IF NOT EXISTS spent (stage TEXT PRIMARY KEY, nano INTEGER NOT NULL, uncertain INTEGER NOT NULL)
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS reserved (owner TEXT, stage TEXT, nano INTEGER NOT NULL, PRIMARY KEY (owner, stage))
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS overruns (identity TEXT PRIMARY KEY, tokens INTEGER NOT NULL) WITHOUT ROWID;
"""


def nano(price: Price | None, prompt_tokens: int, completion_tokens: int) -> int:
    """Cost of these tokens in billionths of a USD; prices are per million tokens."""
    if price is None:
        return 0
    return round((prompt_tokens * price.prompt + completion_tokens * price.completion) * (NANO // 10**6))


class Budget:
    """One stage's view of the budget. `owner` is who reserves: this process, or a batch that outlives it.

    Money that an ended process left reserved counts as spent: its requests may have been answered and charged for.
    """

    def __init__(self, ledger: Ledger, stage: str, limits: BudgetUSD, owner: str = "") -> None:
        self.stage, self.owner, self._ledger = stage, owner or this_process(), ledger
        self._caps = {name: round(usd * NANO) for name, usd in limits.over(stage).items()}
        with ledger.writing() as db:
            for statement in _TABLES.strip().split(";\n"):
                db.execute(statement)
            for (gone,) in db.execute("SELECT DISTINCT owner FROM reserved").fetchall():
                if not is_alive(gone):
                    _charge_all(db, gone)

    def reserve(self, db: sqlite3.Connection, amounts: list[int]) -> int:
        """Reserve as many of these amounts, in order, as the budget has room for. Returns how many. Call it inside a
        transaction of the ledger."""
        room = min((cap - _used(db, name) for name, cap in self._caps.items()), default=None)
        count = taken = 0
        for amount in amounts:
            if room is not None and taken + amount > room:
                break
            count, taken = count + 1, taken + amount
        if taken:
            _add(db, "reserved", (self.owner, self.stage, taken))
        return count

    def settle(self, db: sqlite3.Connection, released: int, spent: int, uncertain: int) -> None:
        """Replace reserved money by what was spent: certain (`spent`) and possible (`uncertain`)."""
        if released:
            _add(db, "reserved", (self.owner, self.stage, -released))
        if spent or uncertain:
            _add(db, "spent", (self.stage, spent, uncertain))

    def drop(self, db: sqlite3.Connection) -> None:
        """Release what this owner still has reserved; call it when none of its requests is in flight."""
        db.execute("DELETE FROM reserved WHERE owner = ? AND stage = ?", (self.owner, self.stage))

    def exhausted(self, next_nano: int, progress: str) -> BudgetError:
        """The error to raise when the next request has no money; `progress` says how far the stage got."""
        with self._ledger.writing() as db:
            name, cap = min(self._caps.items(), key=lambda item: item[1] - _used(db, item[0]))
            used = _used(db, name)
        setting = f"budget_usd.stages.{name}" if name else "budget_usd.total"
        return BudgetError(
            setting, f"is used up: USD {used / NANO:.4f} of {cap / NANO:g} are spent or reserved, the next request may "
            f"cost {next_nano / NANO:.4f}; {progress}",
            f"every reply so far is kept: raise {setting} and run again",
        )


def overrun(db: sqlite3.Connection, identity: str) -> int | None:
    """Tokens that a reply of this model ever had beyond its `max_tokens`; None before the first reply."""
    row = db.execute("SELECT tokens FROM overruns WHERE identity = ?", (identity,)).fetchone()
    return row[0] if row else None


def note_overrun(db: sqlite3.Connection, identity: str, tokens: int) -> None:
    """Remember it, inside a transaction of the ledger."""
    db.execute("INSERT INTO overruns VALUES (?, ?) ON CONFLICT DO UPDATE SET tokens = max(tokens, excluded.tokens)",
               (identity, tokens))


def record_spending(ledger: Ledger, amounts: dict[str, tuple[int, int]]) -> None:
    """Add spending in billionths of a USD by stage: certain, and possible."""
    with ledger.writing() as db:
        for stage, (sure, perhaps) in amounts.items():
            _add(db, "spent", (stage, sure, perhaps))


def reserved(ledger: Ledger) -> float:
    """USD reserved for requests in flight and by killed processes; the next run that sends requests counts the latter
    as possibly spent."""
    with ledger.writing() as db:
        if not _has_table(db, "reserved"):
            return 0.0
        return db.execute("SELECT coalesce(sum(nano), 0) FROM reserved").fetchone()[0] / NANO


def spent(ledger: Ledger) -> dict[str, tuple[float, float]]:
    """USD spent through this ledger by stage: certain, and possible (requests whose outcome is unknown)."""
    with ledger.writing() as db:
        if not _has_table(db, "spent"):
            return {}
        rows = db.execute("SELECT stage, nano, uncertain FROM spent ORDER BY stage").fetchall()
    return {stage: (sure / NANO, perhaps / NANO) for stage, sure, perhaps in rows}


def used(ledger: Ledger, name: str) -> float:
    """USD that count against the limit of a stage, of all its parts, or ("") of everything."""
    with ledger.writing() as db:
        return _used(db, name) / NANO if _has_table(db, "spent") else 0.0


def _has_table(db: sqlite3.Connection, table: str) -> bool:
    """Whether the table exists; it does once money was spent through this ledger."""
    return bool(db.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone())


def _used(db: sqlite3.Connection, name: str) -> int:
    """Spent and reserved by a stage, by all its parts (`name@…`), or ("") by everything."""
    where, names = ("stage = ? OR substr(stage, 1, ?) = ?", (name, len(name) + 1, f"{name}@")) if name else ("1", ())
    ((sure,),) = db.execute(f"SELECT coalesce(sum(nano + uncertain), 0) FROM spent WHERE {where}", names)
    ((held,),) = db.execute(f"SELECT coalesce(sum(nano), 0) FROM reserved WHERE {where}", names)
    return sure + held


def _add(db: sqlite3.Connection, table: str, row: tuple) -> None:
    sums = {"spent": "nano = nano + excluded.nano, uncertain = uncertain + excluded.uncertain",
            "reserved": "nano = nano + excluded.nano"}[table]
    db.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))}) ON CONFLICT DO UPDATE SET {sums}", row)


def _charge_all(db: sqlite3.Connection, owner: str) -> None:
    for stage, amount in db.execute("SELECT stage, nano FROM reserved WHERE owner = ?", (owner,)).fetchall():
        _add(db, "spent", (stage, 0, amount))
    db.execute("DELETE FROM reserved WHERE owner = ?", (owner,))
