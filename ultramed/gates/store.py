"""DuckDB over the artifacts' tables."""

import tempfile
from pathlib import Path
from typing import Any

import duckdb

from ultramed import tables
from ultramed.artifacts import Artifact
from ultramed.params import Params

MEMORY = "2GB"  # DuckDB spills to a temporary folder beyond this
DIGEST = "create macro digest(t) as md5_number_lower(t)"  # `hash` collides on similar ids
BARE = "create macro bare(t) as trim(t, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))"


def text(value: object) -> str:
    """A value as an SQL string literal."""
    return "'" + str(value).replace("'", "''") + "'"


class Store:
    """One DuckDB connection with a view per table; columns are read from Parquet when a query needs them.

    Args:
        params: names the parts of each artifact.
        base: the folder that holds `data/`.
    """

    def __init__(self, params: Params, base: Path = Path(".")) -> None:
        self.params, self.base = params, base
        self.connection = duckdb.connect()
        self.connection.execute(f"set memory_limit = '{MEMORY}'")
        self.connection.execute(f"set temp_directory = {text(tempfile.gettempdir())}")
        self.connection.execute(BARE)
        self.connection.execute(DIGEST)
        self._made: set[str] = set()

    def path(self, artifact: Artifact) -> Path:
        """The folder of an artifact."""
        return self.base / artifact

    def parts(self, artifact: Artifact) -> dict[str, Path]:
        """Folders that hold the artifact's tables, by part; the part is "" if there is only one."""
        return {part: self.base / folder for part, folder in artifact.folders(self.params).items()}

    def has(self, artifact: Artifact, table: str = "rows") -> bool:
        """Whether every part of the artifact has the table."""
        return all(any(f.glob(f"{table}-*.parquet")) for f in self.parts(artifact).values())

    def view(self, artifact: Artifact, table: str = "rows") -> str:
        """The name of a view of the table, with a column `part`. Raises SourceError if it is missing."""
        name = f"{artifact.name}_{table}"
        if name not in self._made:
            reads = []
            for part, folder in self.parts(artifact).items():
                files = ", ".join(map(text, tables.shards(folder, table)))
                reads.append(f"select {text(part)} as part, * from read_parquet([{files}])")
            self.connection.execute(f"create view {name} as {' union all by name '.join(reads)}")
            self._made.add(name)
        return name

    def lookup(self, name: str, values: dict[str, Any], kind: str = "varchar") -> str:
        """A small table (`name`, `value`) to join with."""
        self.connection.execute(f"create or replace temp table {name} (name varchar, value {kind})")
        if values:
            columns = [list(values), list(values.values())]
            self.connection.execute(f"insert into {name} select unnest(?), unnest(?)", columns)
        return name

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The result of a query as plain rows."""
        cursor = self.connection.execute(sql)
        columns = [column[0] for column in cursor.description or []]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
