"""Upkeep of a ledger: statistics, checks, removal of replies."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from ultramed.ledger.ledger import Ledger, is_intact

BATCH = 1_000  # rows or keys handled at a time
_STATS = """
SELECT stage, model, count(*), sum(prompt), sum(completion), sum(price_usd) FROM (
    SELECT stage, price_usd, coalesce(json_extract(reply, '$.model'), '') AS model,
           coalesce(json_extract(reply, '$.prompt_tokens'), 0) AS prompt,
           coalesce(json_extract(reply, '$.completion_tokens'), 0) AS completion
    FROM replies WHERE json_valid(reply))
GROUP BY stage, model ORDER BY stage, model
"""


@dataclass(frozen=True)
class StageTotals:
    """Replies bought by one stage from one model, under the name it reports."""

    stage: str
    model: str
    replies: int
    prompt_tokens: int
    completion_tokens: int
    price_usd: float


def stats(ledger: Ledger) -> list[StageTotals]:
    """Totals by stage and model, without damaged replies."""
    return [StageTotals(*row) for row in ledger.read(_STATS)]


def damaged(ledger: Ledger) -> list[str]:
    """Keys of replies that are not what was written."""
    return [key for key, reply, checksum in ledger.read("SELECT key, reply, checksum FROM replies ORDER BY key")
            if not is_intact(key, reply, checksum)]


def used_keys(data: Path) -> set[str]:
    """Request keys in all manifests under a folder: the replies that its artifacts are made of."""
    keys: set[str] = set()
    for shard in sorted(data.rglob("manifest-*.parquet")):
        keys.update(pq.read_table(shard, columns=["request_key"])["request_key"].to_pylist())
    return keys


def unused(ledger: Ledger, keys: set[str]) -> list[tuple[str, float]]:
    """(key, price in USD) of all other replies."""
    return [(key, price) for key, price in ledger.read("SELECT key, price_usd FROM replies ORDER BY key")
            if key not in keys]


def mentioning(ledger: Ledger, text: str) -> list[str]:
    """Keys of replies whose prompt or text contains exactly this text."""
    inside = json.dumps(text, ensure_ascii=False)[1:-1]
    query = "SELECT key FROM replies WHERE instr(asked, ?) OR instr(reply, ?) ORDER BY key"
    return [key for (key,) in ledger.read(query, (inside, inside))]


def asked_for(data: Path, row_ids: list[str]) -> set[str]:
    """Request keys that manifests under a folder name for these rows."""
    keys: set[str] = set()
    for shard in sorted(data.rglob("manifest-*.parquet")):
        table = pq.read_table(shard, columns=["row_id", "request_key"], filters=[("row_id", "in", row_ids)])
        keys.update(table["request_key"].to_pylist())
    return keys


def remove(ledger: Ledger, keys: Iterable[str]) -> int:
    """Delete replies for good: their bytes are overwritten and the file shrinks. Returns how many there were."""
    count = 0
    with ledger.writing() as db:
        db.execute("PRAGMA secure_delete=ON")
        for batch in _batches(sorted(keys)):
            marks = ",".join("?" * len(batch))
            count += db.execute(f"DELETE FROM replies WHERE key IN ({marks})", batch).rowcount
    ledger.compact()
    return count


def _batches(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]
