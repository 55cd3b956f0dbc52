"""Handmade artifacts of a few rows: kept, dropped at every stage, quarantined, evolved twice."""

import json
from dataclasses import replace
from pathlib import Path

from oracle_endpoint import asked, exam

from ultramed import artifacts, paths, tables
from ultramed.ledger.ledger import Ledger, LedgerEntry
from ultramed.ledger.requests import Reply
from ultramed.records import (
    Assignment,
    Completion,
    Feedback,
    Instruction,
    Pair,
    Record,
    Score,
    Use,
    Verdict,
    drop,
    keep,
    quarantine,
)

CHILD, GRANDCHILD = "MedQA-Evol,1-synthetic-1", "MedQA-Evol,1-synthetic-2"
STEERING = "\x1b[2J\x9b31mred\x07 \u202eback\r\u00a0end"  # clears the screen, colours, rings, reverses text
OPTIONS = ["Calcium", "Potassium", "Zinc", "Iron"]


def use(row_id: str, step: str, key: str) -> Use:
    return Use(row_id, step, key, "h", "smollm2", "prompt", "0123456789abcdef", 12, 3, 0.0, "ok")


def put(folder: Path, rows: list[Instruction], verdicts: list[Verdict], uses: list[Use] | None = None) -> None:
    """Write an artifact of instructions."""
    with tables.artifact(folder) as to:
        tables.write(to, "rows", Instruction, rows)
        tables.write(to, "verdicts", Verdict, verdicts)
        tables.write(to, "manifest", Use, uses or [])


def put_tables(folder: Path, **written: list) -> None:
    """Write an artifact of other tables, all nonempty except `verdicts` and `manifest`."""
    empty: dict[str, type[Record]] = {"verdicts": Verdict, "manifest": Use}
    with tables.artifact(folder) as to:
        for table, rows in written.items():
            tables.write(to, table, type(rows[0]) if rows else empty[table], rows)


def write() -> None:
    """Write all artifacts and a ledger in the current folder."""
    _instructions()
    _answers()
    _ledger()


def _instructions() -> None:
    raw = artifacts.RAW / "medqa" / "train.jsonl"
    raw.parent.mkdir(parents=True)
    raw.write_text("".join(f'{{"question": "line {n}"}}\n' for n in range(1, 9)) + '["line 9", "\x1b[2J"]\n')
    rows = [exam(f"MedQA,{n}", f"Which electrolyte falls in case {n}?", OPTIONS, "B", origin=f"train.jsonl:{n}")
            for n in range(1, 6)]
    put(artifacts.COLLECTED / "medqa", rows, [
        *(keep(r.id, "collect") for r in rows),
        quarantine("MedQA,9", "collect", "unreadable", "train.jsonl:9: holds no object")])
    put(artifacts.SCREENED, rows[:4], [
        *(keep(r.id, "screen") for r in rows[:4]),
        drop("MedQA,5", "screen", "near_duplicate", "0.95 similar to MedQA,1; dedup.threshold is 0.8")])
    wiki = asked("WikiInstruct,Gene_reading_1_2", "Explain how a gene is read.", source="wikiinstruct", synthetic=True)
    put(artifacts.SYNTHETIC / "wikipedia", [wiki], [keep(wiki.id, "wikipedia")], [
        use("WikiInstruct,Gene_reading", "subfields", "k-subfields"), use("WikiInstruct,Gene", "subfields", "k-none"),
        use("WikiInstruct,Gene_reading_1", "tasks", "k-tasks"),
        use("WikiInstruct,Gene_reading_11", "tasks", "k-other")])
    put(artifacts.SYNTHETIC / "textbook", [], [])
    child = replace(rows[0], id=CHILD, source="medqa_evol", parent="MedQA,1", round=1, synthetic=True)
    grandchild = replace(child, id=GRANDCHILD, parent=CHILD, round=2)
    put(artifacts.EVOLVED / "medqa", [child, grandchild], [
        keep(CHILD, "evolve", "evolved"), keep(GRANDCHILD, "evolve", "evolved"),
        drop("MedQA-Evol,2-synthetic-1", "evolve", "key_unverified", "try 1: 0 of 3 solvers found the key B, 1 needed"),
    ], [use(CHILD, "evolve", "k-1"), use(GRANDCHILD, "evolve", "k-2"), use(GRANDCHILD, "verify-1", "k-unknown")])
    put(artifacts.CURATED, [rows[0], rows[2], child, grandchild], [
        *(keep(i, "curate") for i in ("MedQA,1", "MedQA,3", CHILD, GRANDCHILD)),
        drop("MedQA,2", "curate", "low_score", "score 2; curate.min_score.medqa is 3.2"),
        quarantine("MedQA,4", "curate", "no_score", "the row has 0 scores, 1 expected")])
    scored = [Score(i, x, "logprob", "", "k") for i, x in (("MedQA,1", 5.5), ("MedQA,2", 2.0), ("MedQA,3", 6.0))]
    put_tables(artifacts.SCORED, rows=scored, manifest=[], verdicts=[
        *(keep(s.id, "score", "scored") for s in scored), quarantine("MedQA,4", "score", "unreadable", "no digit")])
    put_tables(artifacts.SPLIT, rows=[Assignment("MedQA,1", "MedQA,1", "train")])


def _answers() -> None:
    def answer(author: str, text: str) -> Completion:
        return Completion(f"MedQA,1@{author}", "MedQA,1", author, "", text, "B", 1, "k")

    put_tables(artifacts.COMPLETED, rows=[answer("smollm2", "Potassium falls.")], manifest=[], verdicts=[
        keep("MedQA,1", "complete", "accepted"),
        drop("MedQA,3", "complete", "key_mismatch", "attempt 2: chose A, the key is B")])
    for author in ("careful", "brief"):
        put_tables(artifacts.CANDIDATES / author, rows=[answer(author, f"{author} {'x' * 500}")], manifest=[],
                   verdicts=[keep("MedQA,1", f"candidates@{author}", "sampled")])
    put_tables(artifacts.JUDGED, manifest=[use("MedQA,1", "judge", "k-judge")], rows=[
        Feedback(f"MedQA,1@{a}", "MedQA,1", s, f"{a} is fine {STEERING}", r, r, "smollm2", "k-judge")
        for a, s, r in (("careful", 5, 1), ("brief", 3, 2))], verdicts=[keep("MedQA,1", "judge", "judged")])
    pair = Pair("MedQA,1#careful>brief", "MedQA,1", "MedQA,1@careful", "MedQA,1@brief", 5, 3, 1, 2, 2, "", "train")
    put_tables(artifacts.PAIRED, rows=[pair], selected=[replace(pair, label_type="easy")],
               verdicts=[keep("MedQA,1", "pair", "paired")])
    put_tables(artifacts.WITHHELD / "open", verdicts=[
        keep("MedQA,1", "release@open", "released"),
        drop(pair.id, "release@open", "rights_recipe", "smollm2 allows 'recipe', and profile 'open' carries open")])


def _ledger() -> None:
    ledger = Ledger(paths.ledger())
    for key, reply in (("k-1", "an evolved question"), ("k-2", f"steered {STEERING}")):
        turns = [{"role": "system", "content": "s"}, {"role": "user", "content": f"asked under {key}"}]
        said = Reply(reply, "stop", "m", 12, 3)
        ledger.put([LedgerEntry(key, "identity", "evolve", json.dumps(turns), said, 0.0, 0.1)])
    ledger.close()
