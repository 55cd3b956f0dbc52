"""The published schemas: the only place in the pipeline that knows what TRL and the Hub expect.

    data/<config>/<split>-00000-of-00001.parquet

`instructions` and `preference` keep the original release's column names; `rewardbench` is the test split of
`preference` with a category.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ultramed import artifacts, tables
from ultramed.records import Completion, Instruction, Pair
from ultramed.release.selection import Selection, author

Rows = Iterable[tuple[str, dict[str, Any]]]  # (the pipeline's name of the split, row)
SPLITS = {"train": "train", "dev": "validation", "test": "test"}  # the pipeline's name → the Hub's
TYPES = {"exam": "Exam", "literature": "Literature", "open": "Open-End"}
SPEAKERS = {"system": "system", "user": "human", "assistant": "gpt"}


def _texts(*names: str) -> list[pa.Field]:
    return [pa.field(name, pa.string(), nullable=False) for name in names]


def _turns(*names: str) -> pa.DataType:
    return pa.list_(pa.field("element", pa.struct(_texts(*names)), nullable=False))


INSTRUCTIONS = pa.schema([
    *_texts("id", "type"), pa.field("conversations", _turns("from", "value"), nullable=False),
    *_texts("answer", "score"),
])
METADATA = pa.struct([
    *_texts("chosen_model", "rejected_model"),
    *(pa.field(f"{side}_{what}", pa.int64(), nullable=False)
      for what in ("score", "rank") for side in ("chosen", "rejected")),
    *_texts("judge"),
])
PREFERENCE = pa.schema([
    *_texts("prompt_id", "prompt"), pa.field("chosen", _turns("role", "content"), nullable=False),
    pa.field("rejected", _turns("role", "content"), nullable=False), *_texts("label_type"),
    pa.field("metadata", METADATA, nullable=False),
])
REWARDBENCH = PREFERENCE.append(pa.field("category", pa.string(), nullable=False))
SCHEMAS = {"instructions": INSTRUCTIONS, "preference": PREFERENCE, "rewardbench": REWARDBENCH}


def write_configs(
    selection: Selection, folder: Path, shard_rows: int = tables.SHARD_ROWS
) -> dict[str, dict[str, int]]:
    """Write all configs of a profile with text under `folder`; returns rows by config and Hub split, without
    empty ones."""
    makers: dict[str, Callable[[Selection], Rows]] = {
        "instructions": instruction_rows, "preference": preference_rows, "rewardbench": rewardbench_rows
    }
    counts = {
        name: write_config(folder / name, SCHEMAS[name], make(selection), shard_rows)
        for name, make in makers.items()
    }
    return {name: splits for name, splits in counts.items() if splits}


def write_config(
    folder: Path, schema: pa.Schema, rows: Rows, shard_rows: int = tables.SHARD_ROWS
) -> dict[str, int]:
    """Write one config's splits in one pass, in shards of `shard_rows`; returns rows by Hub split. Empty splits
    are not written."""
    buffers: dict[str, list[dict[str, Any]]] = {}
    written: dict[str, list[Path]] = {}
    counts: dict[str, int] = {}
    for split, row in rows:
        name = SPLITS[split]
        buffers.setdefault(name, []).append(row)
        counts[name] = counts.get(name, 0) + 1
        if len(buffers[name]) == shard_rows:
            written.setdefault(name, []).append(_flush(folder, schema, name, buffers.pop(name), counts[name]))
    for name, rest in buffers.items():
        written.setdefault(name, []).append(_flush(folder, schema, name, rest, counts[name]))
    for name, shards in written.items():
        for n, shard in enumerate(shards):
            os.replace(shard, folder / f"{name}-{n:05d}-of-{len(shards):05d}.parquet")
    return {name: counts[name] for name in SPLITS.values() if name in counts}


def _flush(folder: Path, schema: pa.Schema, name: str, rows: list[dict[str, Any]], end: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    shard = folder / f".{name}-{end}"
    tables.write_arrow(shard, pa.Table.from_pylist(rows, schema=schema))
    return shard


def instruction_rows(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of config `instructions`: the question as a model is asked it, and the teacher's completion."""
    answers = _texts_of(artifacts.COMPLETED, lambda c: c.instruction_id in selection.rows)
    for row in selection.instructions():
        turns = [*row.chat, {"role": "assistant", "content": answers[row.id]}]
        yield selection.split(row.id), {
            "id": row.id,
            "type": TYPES[row.category],
            "conversations": [{"from": SPEAKERS[t["role"]], "value": t["content"]} for t in turns],
            "answer": row.key or row.reference or "",
            "score": f"{selection.scores[row.id]:.1f}",  # a string in the original too
        }


def preference_rows(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of config `preference`: the selected pairs with both texts."""
    return _pair_rows(selection, selection.pairs)


def rewardbench_rows(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of config `rewardbench`: the pairs of the test split; the category is the label type until people
    review them."""
    for split, row in _pair_rows(selection, [pair for pair in selection.pairs if pair.split == "test"]):
        yield split, row | {"category": row["label_type"]}


def _pair_rows(selection: Selection, pairs: list[Pair]) -> Iterator[tuple[str, dict[str, Any]]]:
    wanted = {name for pair in pairs for name in (pair.chosen_id, pair.rejected_id)}
    texts: dict[str, str] = {}
    for member in selection.params.candidates.authors:
        folder = artifacts.CANDIDATES / member
        texts |= {c.id: c.text for c in tables.read(folder, Completion) if c.id in wanted}
    ids = {pair.instruction_id for pair in pairs}
    prompts = {row.id: row for row in tables.read(artifacts.CURATED, Instruction) if row.id in ids}
    for pair in pairs:
        row = prompts[pair.instruction_id]
        yield pair.split, {
            "prompt_id": row.id,
            "prompt": row.prompt,
            "chosen": [*row.chat, {"role": "assistant", "content": texts[pair.chosen_id]}],
            "rejected": [*row.chat, {"role": "assistant", "content": texts[pair.rejected_id]}],
            "label_type": pair.label_type,
            "metadata": metadata(selection, pair),
        }


def metadata(selection: Selection, pair: Pair) -> dict[str, Any]:
    """Who wrote and who judged a pair; candidate models by their name in the pool."""
    return {
        "chosen_model": author(pair.chosen_id), "rejected_model": author(pair.rejected_id),
        "chosen_score": pair.chosen_score, "rejected_score": pair.rejected_score,
        "chosen_rank": pair.chosen_rank, "rejected_rank": pair.rejected_rank,
        "judge": selection.judges[pair.chosen_id],
    }


def _texts_of(folder: tables.Folder, wanted: Callable[[Completion], bool]) -> dict[str, str]:
    return {c.instruction_id: c.text for c in tables.read(folder, Completion) if wanted(c)}
