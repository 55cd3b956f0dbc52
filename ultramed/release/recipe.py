"""The schemas of profile `recipe`: ids, hashes and our own annotations, from which no text can be reconstructed.

Anyone with the originals can rebuild the set: find the row by its id, compare the SHA-256 of its prompt (stem,
blank line, options as `A. …`, in UTF-8), and take score, split, verdict, ranks and pairs from here. Keys are left
out: we may not publish those of third-party exams.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ultramed import artifacts, tables
from ultramed.claims import Claims
from ultramed.records import Completion, Feedback, Instruction, Verdict
from ultramed.release.selection import Selection
from ultramed.release.shards import METADATA, TYPES, metadata, write_config

CANDIDATE = pa.struct([
    pa.field("model", pa.string(), nullable=False), pa.field("sha256", pa.string(), nullable=False),
    pa.field("score", pa.int64()), pa.field("rank", pa.int64()), pa.field("judge", pa.string()),
])
INSTRUCTIONS = pa.schema([
    *(pa.field(name, pa.string(), nullable=False) for name in ("id", "source", "type", "kind")),
    pa.field("synthetic", pa.bool_(), nullable=False), pa.field("parent", pa.string()),
    pa.field("round", pa.int64(), nullable=False),
    *(pa.field(name, pa.string(), nullable=False) for name in ("rights", "prompt_sha256")),
    pa.field("score", pa.float64(), nullable=False), pa.field("completion", pa.string(), nullable=False),
    pa.field("candidates", pa.list_(pa.field("element", CANDIDATE, nullable=False)), nullable=False),
    pa.field("pairs", pa.list_(pa.field("element", pa.string(), nullable=False)), nullable=False),
])
PREFERENCE = pa.schema([
    *(pa.field(name, pa.string(), nullable=False)
      for name in ("pair_id", "prompt_id", "prompt_sha256", "chosen", "rejected", "label_type")),
    pa.field("metadata", METADATA, nullable=False),
])
SCHEMAS = {"instructions": INSTRUCTIONS, "preference": PREFERENCE}


def write_configs(
    selection: Selection, folder: Path, shard_rows: int = tables.SHARD_ROWS
) -> dict[str, dict[str, int]]:
    """Write both configs under `folder`; returns rows by config and Hub split, without empty ones."""
    makers = {"instructions": instruction_rows, "preference": preference_rows}
    counts = {
        name: write_config(folder / name, SCHEMAS[name], make(selection), shard_rows)
        for name, make in makers.items()
    }
    return {name: splits for name, splits in counts.items() if splits}


def instruction_rows(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """One row per curated instruction of an allowed class, completed or not: `completion` is the verdict's code."""
    rights = Claims(selection.params)
    outcomes = {v.id: v.code for v in tables.read(artifacts.COMPLETED, Verdict, "verdicts")}
    feedback = {f.candidate_id: f for f in tables.read(artifacts.JUDGED, Feedback)}
    candidates = _candidates(selection)
    pairs: dict[str, list[str]] = {}
    for pair in selection.pairs:
        pairs.setdefault(pair.instruction_id, []).append(pair.id)
    for row in selection.instructions():
        judged = [_candidate(c, feedback.get(c.id)) for c in candidates.get(row.id, [])]
        yield selection.split(row.id), {
            "id": row.id, "source": row.source, "type": TYPES[row.category], "kind": row.kind,
            "synthetic": row.synthetic, "parent": row.parent, "round": row.round,
            "rights": rights.source(row).rights, "prompt_sha256": text_hash(row.prompt),
            "score": selection.scores[row.id], "completion": outcomes.get(row.id, "not_asked"),
            "candidates": [c for c in judged if _may_show(selection, rights, row, c)],
            "pairs": pairs.get(row.id, []),
        }


def preference_rows(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """One row per released pair; `chosen` and `rejected` are candidate ids."""
    ids = {pair.instruction_id for pair in selection.pairs}
    hashes = {r.id: text_hash(r.prompt) for r in tables.read(artifacts.CURATED, Instruction) if r.id in ids}
    for pair in selection.pairs:
        yield pair.split, {
            "pair_id": pair.id, "prompt_id": pair.instruction_id, "prompt_sha256": hashes[pair.instruction_id],
            "chosen": pair.chosen_id, "rejected": pair.rejected_id, "label_type": pair.label_type,
            "metadata": metadata(selection, pair),
        }


def text_hash(text: str) -> str:
    """SHA-256 of a text's UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()


def _candidates(selection: Selection) -> dict[str, list[Completion]]:
    by_instruction = artifacts.candidates(selection.params)
    return {row: candidates for row, candidates in by_instruction.items() if row in selection.rows}


def _candidate(candidate: Completion, feedback: Feedback | None) -> dict[str, Any]:
    return {
        "model": candidate.author, "sha256": text_hash(candidate.text),
        "score": feedback and feedback.score, "rank": feedback and feedback.rank,
        "judge": feedback and feedback.judge,
    }


def _may_show(selection: Selection, rights: Claims, row: Instruction, candidate: dict[str, Any]) -> bool:
    models = [name for name in (candidate["model"], candidate["judge"]) if name]
    return rights.judged(rights.source(row), *models).rights in selection.classes
