"""Facts: what a gate needs to know of each row, and no text.

DuckDB reduces an artifact's tables to numbers, flags and hashes; only those reach pandas. Each artifact has a
function that returns SQL by facts table (`rows`, `selected`, `balance`); the first column is the row's `id`.
A null fact means *does not apply to this row*.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ultramed.errors import ParamsError
from ultramed.gates import facts_answers, facts_instructions, facts_pairs, facts_release, facts_training
from ultramed.gates.balance import balance
from ultramed.gates.store import Store

if TYPE_CHECKING:
    import pandas as pd

Queries = dict[str, str]

FACTS: dict[str, Callable[[Store], Queries]] = {
    "collected": facts_instructions.collected,
    "screened": facts_instructions.screened,
    "synthetic": facts_instructions.synthetic,
    "evolved": facts_instructions.evolved,
    "scored": facts_instructions.scored,
    "curated": facts_instructions.curated,
    "split": facts_instructions.split,
    "completed": facts_answers.completed,
    "candidates": facts_answers.candidates,
    "judged": facts_answers.judged,
    "paired": facts_pairs.paired,
    "release": facts_release.release,
    "general": facts_training.general,
    "instructions": facts_training.instructions,
    "preferences": facts_training.preferences,
    "sampled": facts_training.sampled,
    "evaluated": facts_training.evaluated,
}


class Facts:
    """The facts tables of one artifact, held by DuckDB; a frame leaves the ids behind.

    Raises ParamsError for an artifact nothing is known about, SourceError where a table is missing.
    """

    def __init__(self, store: Store, artifact: str) -> None:
        if artifact not in FACTS:
            raise ParamsError(artifact, f"is no artifact with a gate; expected one of {', '.join(FACTS)}")
        self.store, self.artifact = store, artifact
        queries = FACTS[artifact](store)
        queries["balance"] = balance(store, artifact)
        self.tables = list(queries)
        for table, sql in queries.items():
            store.connection.execute(f"create or replace temp table facts_{table} as {sql}")

    def frame(self, table: str) -> "pd.DataFrame":
        """The facts without ids, as pandas: at 1.8M rows a few hundred megabytes."""
        return self.store.connection.execute(f"select * exclude (id) from facts_{table}").df()

    def ids(self, table: str, positions: list[int]) -> list[str]:
        """Ids of rows by their position in the frame."""
        places = ", ".join(str(int(p)) for p in positions)
        if not places:
            return []
        found = self.store.rows(f"select id from facts_{table} where rowid in ({places}) order by rowid")
        return [row["id"] for row in found]

    def columns(self, table: str) -> list[str]:
        """Column names of a facts table."""
        cursor = self.store.connection.execute(f"select * from facts_{table} limit 0")
        return [column[0] for column in cursor.description or []]
