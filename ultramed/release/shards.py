"""The published schemas: the only place in the pipeline that knows what TRL and the Hub expect.

    data/<config>/<split>-00000-of-00001.parquet

`instructions` and `preference` keep the original release's column names; `ranked` has all judged answers of a prompt
with every rank-ordered pair of them, `kto` single answers with a label, and `rewardbench` is the test split of
`preference` with a category.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from ultramed import artifacts, tables
from ultramed.params import Params
from ultramed.records import Completion, Feedback, Instruction, Pair
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
    *_texts("answer", "score"), pa.field("pass_rate", pa.float64()),
])
THINKING = INSTRUCTIONS.append(pa.field("thinking", pa.string()))  # where complete.keep_thinking says so
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
ANSWER = pa.struct([
    *_texts("model", "text"), *(pa.field(name, pa.int64(), nullable=False) for name in ("score", "rank")),
    *_texts("critique", "judge"), pa.field("cut", pa.bool_(), nullable=False),
])
ORDERED = pa.struct([pa.field(side, pa.int64(), nullable=False) for side in ("chosen", "rejected")])
RANKED = pa.schema([
    *_texts("prompt_id"), pa.field("prompt", _turns("role", "content"), nullable=False),
    pa.field("candidates", pa.list_(pa.field("element", ANSWER, nullable=False)), nullable=False),
    pa.field("pairs", pa.list_(pa.field("element", ORDERED, nullable=False)), nullable=False),
    pa.field("weight", pa.float64(), nullable=False),
])
KTO = pa.schema([
    *_texts("prompt_id"), pa.field("prompt", _turns("role", "content"), nullable=False),
    pa.field("completion", _turns("role", "content"), nullable=False), pa.field("label", pa.bool_(), nullable=False),
    *_texts("model"), pa.field("score", pa.int64(), nullable=False), *_texts("judge"),
])
REWARDBENCH = PREFERENCE.append(pa.field("category", pa.string(), nullable=False))


def schemas(params: Params) -> dict[str, pa.Schema]:
    """The columns of each config."""
    instructions = THINKING if params.complete.keep_thinking else INSTRUCTIONS
    return {"instructions": instructions, "preference": PREFERENCE, "ranked": RANKED, "kto": KTO,
            "rewardbench": REWARDBENCH}


def write_configs(
    selection: Selection, folder: Path, shard_rows: int = tables.SHARD_ROWS
) -> dict[str, dict[str, int]]:
    """Write all configs of a profile with text under `folder`; returns rows by config and Hub split, without
    empty ones."""
    makers: dict[str, Callable[[Selection], Rows]] = {
        "instructions": instruction_rows, "preference": preference_rows, "ranked": ranked_rows, "kto": kto_rows,
        "rewardbench": rewardbench_rows,
    }
    columns = schemas(selection.params)
    counts = {
        name: write_config(folder / name, columns[name], make(selection), shard_rows)
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
    completions = {c.instruction_id: c for c in tables.read(artifacts.COMPLETED, Completion)
                   if c.instruction_id in selection.rows}
    for row in selection.instructions():
        turns = [*row.chat, {"role": "assistant", "content": completions[row.id].text}]
        yield selection.split(row.id), {
            "id": row.id,
            "type": TYPES[row.category],
            "conversations": [{"from": SPEAKERS[t["role"]], "value": t["content"]} for t in turns],
            "answer": row.key or row.reference or "",
            "score": f"{selection.scores[row.id]:.1f}",  # a string in the original too
            "pass_rate": completions[row.id].pass_rate,
            "thinking": completions[row.id].thinking,
        }


def preference_rows(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of config `preference`: the selected pairs with both texts."""
    return _pair_rows(selection, selection.pairs)


def ranked_rows(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of config `ranked`: a prompt's answers, best first, and all pairs of them by position; each pair weighs one
    over their number, so that every prompt counts once."""
    feedback: dict[str, list[Feedback]] = {}
    for given in tables.read(artifacts.JUDGED, Feedback):
        if given.instruction_id in selection.judged and author(given.candidate_id) in selection.authors:
            feedback.setdefault(given.instruction_id, []).append(given)
    pairs: dict[str, list[Pair]] = {}
    for pair in tables.read(artifacts.PAIRED, Pair):
        pairs.setdefault(pair.instruction_id, []).append(pair)
    answers = artifacts.candidates(selection.params)
    for row in tables.read(artifacts.CURATED, Instruction):
        ranked = sorted(feedback.get(row.id, []), key=lambda f: f.rank)
        place = {f.candidate_id: n for n, f in enumerate(ranked)}
        ordered = [{"chosen": place[p.chosen_id], "rejected": place[p.rejected_id]} for p in pairs.get(row.id, [])
                   if p.chosen_id in place and p.rejected_id in place]
        if ordered:
            texts = {c.id: c for c in answers[row.id]}
            yield selection.split(row.id), {
                "prompt_id": row.id, "prompt": row.chat, "pairs": ordered, "weight": 1 / len(ordered),
                "candidates": [{"model": author(f.candidate_id), "text": texts[f.candidate_id].text, "score": f.score,
                                "rank": f.rank, "critique": f.critique, "judge": f.judge,
                                "cut": texts[f.candidate_id].cut} for f in ranked],
            }


def kto_rows(selection: Selection) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of config `kto`: the answers of the selected pairs, labelled true where chosen and false where rejected;
    those that are both in different pairs have no label and are left out."""
    chosen = {pair.chosen_id for pair in selection.pairs}
    both = chosen & {pair.rejected_id for pair in selection.pairs}
    seen: set[str] = set()
    for (split, row), pair in zip(_pair_rows(selection, selection.pairs), selection.pairs, strict=True):
        for side, answer in (("chosen", pair.chosen_id), ("rejected", pair.rejected_id)):
            if answer in both or answer in seen:
                continue
            seen.add(answer)
            about = row["metadata"]
            yield split, {
                "prompt_id": row["prompt_id"], "prompt": row[side][:-1], "completion": row[side][-1:],
                "label": side == "chosen", "model": about[f"{side}_model"], "score": about[f"{side}_score"],
                "judge": about["judge"]}


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
