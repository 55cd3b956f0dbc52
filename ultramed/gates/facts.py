"""Facts: what a gate needs to know about each row, without its text.

DuckDB reduces an artifact's tables to numbers, flags and hashes; only those reach pandas. The artifact's suite gives
SQL by facts table (`rows`, `selected`); the table `balance` is added. The first column is the row's `id`.
A null fact means *does not apply to this row*.
"""

from typing import TYPE_CHECKING

from ultramed.artifacts import Artifact
from ultramed.gates import suites
from ultramed.gates.balance import balance
from ultramed.gates.store import Store

if TYPE_CHECKING:
    import pandas as pd


class Facts:
    """The facts tables of one artifact, held in DuckDB; frames leave out the ids.

    Raises SourceError if a table is missing.
    """

    def __init__(self, store: Store, artifact: Artifact) -> None:
        self.store, self.artifact = store, artifact
        queries = suites.load(artifact).facts(store) | {"balance": balance(store, artifact)}
        self.tables = list(queries)
        for table, sql in queries.items():
            store.connection.execute(f"create or replace temp table facts_{table} as {sql}")

    def frame(self, table: str) -> "pd.DataFrame":
        """The facts without ids, as pandas: a few hundred megabytes at 1.8M rows."""
        return self.store.connection.execute(f"select * exclude (id) from facts_{table}").df()

    def ids(self, table: str, positions: list[int]) -> list[str]:
        """Ids of rows, by position in the frame."""
        rowids = ", ".join(str(int(p)) for p in positions)
        if not rowids:
            return []
        rows = self.store.rows(f"select id from facts_{table} where rowid in ({rowids}) order by rowid")
        return [row["id"] for row in rows]

    def columns(self, table: str) -> list[str]:
        """Column names of a facts table."""
        cursor = self.store.connection.execute(f"select * from facts_{table} limit 0")
        return [column[0] for column in cursor.description or []]
