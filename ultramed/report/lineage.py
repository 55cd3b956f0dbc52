"""Everything the pipeline knows about one row: raw line, parents, prompts, replies, scores, verdicts, pairs."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from ultramed import artifacts, paths
from ultramed.artifacts import ARTIFACTS, Artifact
from ultramed.errors import UltramedError
from ultramed.ledger.ledger import Ledger
from ultramed.params import Params
from ultramed.records import Instruction
from ultramed.sources.rawfiles import excerpt
from ultramed.synthetic import WIKIINSTRUCT

Row = dict[str, Any]
Db = duckdb.DuckDBPyConnection
HOLDING = [a for a in ARTIFACTS.values() if a.tables.get("rows") is Instruction]
DECIDING = [a for a in ARTIFACTS.values() if "verdicts" in a.tables]  # including rows of general-domain sets


@dataclass
class Story:
    """One row's history. Lists are in graph order, and empty if nothing happened."""

    id: str
    asked: str = ""  # the id it was told for: its own, or that of one of its answers or pairs
    raw: str = ""  # its text in the raw file
    rows: list[Row] = field(default_factory=list)  # as it was after each stage that holds it: {"artifact", …}
    verdicts: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)  # with "asked" and "reply" if the ledger has them
    scores: list[Row] = field(default_factory=list)
    split: list[Row] = field(default_factory=list)
    completions: list[Row] = field(default_factory=list)
    candidates: list[Row] = field(default_factory=list)
    feedback: list[Row] = field(default_factory=list)
    pairs: list[Row] = field(default_factory=list)
    samples: list[Row] = field(default_factory=list)  # answers of policies in rounds
    predictions: list[Row] = field(default_factory=list)  # answers of policies, if it is a benchmark item
    children: list[str] = field(default_factory=list)
    parent: "Story | None" = None

    @property
    def seen(self) -> bool:
        return bool(self.rows or self.verdicts or self.requests or self.predictions)

    @property
    def parts(self) -> list[str]:
        """Ids of its answers and pairs."""
        answers = [*self.completions, *self.candidates, *self.samples, *self.predictions]
        return list(dict.fromkeys(row["id"] for row in [*answers, *self.pairs]))


def tell(row_id: str, params: Params) -> Story:
    """The story of an instruction or a benchmark item, by its id or the id of one of its answers (`…@author`) or pairs
    (`…#a>b`).

    Raises UltramedError for an id no stage has seen.
    """
    asked = row_id.split("#")[0].split("@")[0]
    with duckdb.connect() as db:
        story = _story(db, asked, params, with_children=True)
        story.asked = row_id
        _add_predictions(db, story, params)
        near = [] if story.seen else _near(db, asked, params)
    if not story.seen:
        raise UltramedError(
            row_id, "is not a row any stage has seen" + (f"; similar ids: {', '.join(near)}" if near else ""),
            "ids look like MedQA,12 or TextBookQA,Physiology_Primer_3; `dvc repro` or `dvc pull` gets the artifacts")
    if row_id != asked and row_id not in story.parts:
        raise UltramedError(row_id, f"is no answer or pair of {asked}; it has " + (", ".join(story.parts) or "none"),
                            f"`ultramed explain {asked}` tells its story")
    return story


def _story(db: Db, row_id: str, params: Params, with_children: bool = False) -> Story:
    story = Story(row_id)
    folders = _folders(params, HOLDING)
    for folder in folders:
        story.rows += [{"artifact": str(folder), **r} for r in _find(db, folder, "rows", "id", row_id)]
    story.scores = _find(db, artifacts.SCORED, "rows", "id", row_id)
    story.split = _find(db, artifacts.SPLIT, "rows", "id", row_id)
    story.completions = _find(db, artifacts.COMPLETED, "rows", "instruction_id", row_id)
    for folder in artifacts.CANDIDATES.folders(params).values():
        story.candidates += _find(db, folder, "rows", "instruction_id", row_id)
    story.feedback = _find(db, artifacts.JUDGED, "rows", "instruction_id", row_id)
    selected = {p["id"]: p for p in _find(db, artifacts.PAIRED, "selected", "instruction_id", row_id)}
    story.pairs = [selected.get(p["id"], p) for p in _find(db, artifacts.PAIRED, "rows", "instruction_id", row_id)]
    for folder in _folders(params, (artifacts.SAMPLED,)):
        story.samples += _find(db, folder, "samples", "instruction_id", row_id)
    _add_decisions(db, story, _folders(params, DECIDING))
    if with_children:
        children = {r["id"] for folder in folders for r in _find(db, folder, "rows", "parent", row_id)}
        story.children = sorted(children)
    story.raw = _raw(story, params)
    parent = next((r["parent"] for r in story.rows if r["parent"]), None)
    story.parent = _story(db, parent, params) if parent else None
    return story


def _add_decisions(db: Db, story: Story, folders: list[Path]) -> None:
    """Verdicts on the row and on its pairs, and the requests made for it, in the order of the graph."""
    ids = [story.id, *(p["id"] for p in story.pairs)]
    for folder in folders:
        story.verdicts += [{"artifact": str(folder), **r} for r in _find(db, folder, "verdicts", "id", *ids)]
        story.requests += _find(db, folder, "manifest", "row_id", *asked_as(story.id))
    _add_replies(story)


def _add_predictions(db: Db, story: Story, params: Params) -> None:
    """Policies' answers to it, if it is a benchmark item, and the requests made for them."""
    for folder in _folders(params, (artifacts.EVALUATED, artifacts.ENSEMBLES)):
        if predictions := _find(db, folder, "rows", "item_id", story.id):
            story.predictions += predictions
            story.requests += _find(db, folder, "manifest", "row_id", story.id)
    if story.predictions:
        _add_replies(story)


def _raw(story: Story, params: Params) -> str:
    """A collected row's raw text; an unreadable row's origin is at the start of its verdict's reason."""
    source = next((n for n, s in params.sources.items() if story.id.startswith(f"{s.prefix},")), None)
    origins = [r["origin"] for r in story.rows[:1]]
    origins += [v["reason"].split(": ")[0] for v in story.verdicts[:1] if v["stage"] == "collect"]
    return excerpt(artifacts.RAW / source, origins[0]) if source and origins else ""


def asked_as(row_id: str) -> list[str]:
    """Ids in manifests: WikiInstruct's tasks are requested by subfield, and subfields by domain."""
    if not row_id.startswith(f"{WIKIINSTRUCT.prefix},") or "-synthetic-" in row_id:
        return [row_id]
    return [row_id.rsplit("_", n)[0] for n in range(3)]


def _folders(params: Params, among: Iterable[Artifact]) -> list[Path]:
    return [folder for artifact in among for folder in artifact.folders(params).values()]


def _find(db: Db, folder: os.PathLike[str], table: str, column: str, *values: str) -> list[Row]:
    """Rows of a table with one of these values; none if the artifact, table or column is missing."""
    shards = sorted(map(str, Path(folder).glob(f"{table}-*.parquet")))
    if not shards:
        return []
    columns = [c[0] for c in db.execute("DESCRIBE SELECT * FROM read_parquet(?)", [shards]).fetchall()]
    if column not in columns:
        return []
    query = f'SELECT * FROM read_parquet(?) WHERE "{column}" IN ({", ".join("?" * len(values))})'
    rows = db.execute(query, [shards, *values]).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _near(db: Db, row_id: str, params: Params) -> list[str]:
    """Up to three known ids with the same beginning, in upper or lower case."""
    if not row_id:
        return []
    ids: set[str] = set()
    for folder in _folders(params, HOLDING):
        if shards := sorted(map(str, folder.glob("verdicts-*.parquet"))):
            query = "SELECT id FROM read_parquet(?) WHERE starts_with(lower(id), ?) ORDER BY id LIMIT 3"
            ids |= {r[0] for r in db.execute(query, [shards, row_id.lower()[: max(4, len(row_id) - 2)]]).fetchall()}
    return sorted(ids)[:3]


def _add_replies(story: Story) -> None:
    """Add requests and replies from the ledger if this machine has one."""
    if not story.requests or not (paths.ledger() / "ledger.sqlite").exists():
        return
    ledger = Ledger(paths.ledger())
    entries = ledger.get(r["request_key"] for r in story.requests)
    ledger.close()
    for request in story.requests:
        if entry := entries.get(request["request_key"]):
            request["asked"], request["reply"] = json.loads(entry.asked), entry.reply.text
