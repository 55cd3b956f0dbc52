"""A run's results: one line per stage, and the dozen numbers of `metrics.json`."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from ultramed import tables
from ultramed.artifacts import ARTIFACTS, PAIRED, Artifact, of_chapter
from ultramed.gates.balance import balance, codes
from ultramed.gates.store import Store
from ultramed.params import Params


@dataclass(frozen=True)
class Line:
    """One artifact's balance: handed = kept + dropped + quarantined."""

    artifact: str
    handed: int
    kept: int
    dropped: int
    quarantined: int
    reasons: dict[str, dict[str, int]]  # outcome → code → rows, without kept rows, most frequent first
    requests: int  # distinct replies used
    prompt_tokens: int
    completion_tokens: int
    price_usd: float


def lines(store: Store, chapters: Iterable[str] = ("data", "training")) -> list[Line]:
    """A line for each artifact of these chapters, up to the first missing one."""
    present = takewhile(lambda a: store.has(a) and (a.silent or store.has(a, "verdicts")), of_chapter(*chapters))
    return [line(store, artifact) for artifact in present]


def line(store: Store, artifact: Artifact) -> Line:
    """The balance of one artifact."""
    sums = store.rows(f"""select sum(handed)::bigint as handed, sum(kept)::bigint as kept,
        sum(dropped)::bigint as dropped, sum(quarantined)::bigint as quarantined
        from ({balance(store, artifact)})""")[0]
    reasons: dict[str, dict[str, int]] = {}
    for row in sorted(store.rows(codes(store, artifact)), key=lambda r: (-r["n"], r["code"])):
        if row["outcome"] != "kept":
            reasons.setdefault(row["outcome"], {})[row["code"]] = row["n"]
    return Line(artifact.name, **sums, reasons=reasons, **spent(store, [artifact]))


def asking(store: Store, among: Iterable[Artifact] = ARTIFACTS.values()) -> list[Artifact]:
    """The artifacts that asked a model and exist."""
    return [a for a in among if a.asks and store.has(a, "manifest")]


def spent(store: Store, among: Iterable[Artifact] = ARTIFACTS.values()) -> dict[str, Any]:
    """Replies these artifacts used, with tokens and price in USD; a reply used twice counts once."""
    return store.rows(f"""select count(*) as requests, coalesce(sum(prompt_tokens), 0)::bigint as prompt_tokens,
        coalesce(sum(completion_tokens), 0)::bigint as completion_tokens,
        round(coalesce(sum(price_usd), 0), 6)::double as price_usd
        from (select distinct on (request_key) * from ({uses(store, asking(store, among))}) order by request_key)""")[0]


def uses(store: Store, asked: list[Artifact]) -> str:
    """SQL of all uses of replies in these artifacts, with the artifact's name."""
    reads = [f"select '{a.name}' as artifact, * from {store.view(a, 'manifest')}" for a in asked]
    nothing = """select '' as artifact, '' as part, '' as row_id, '' as step, '' as request_key, '' as model,
        0 as prompt_tokens, 0 as completion_tokens, 0.0 as price_usd, '' as outcome where false"""
    return " union all by name ".join(reads) or nothing


def drifted(store: Store) -> dict[str, list[str]]:
    """What the gates that passed have seen move since figures were last accepted, by artifact."""
    gates = (json.loads(path.read_text(encoding="utf-8")) for path in sorted((store.base / "quality").glob("*.json")))
    return {gate["artifact"]: gate["drift"] for gate in gates if gate["drift"]}


def metrics(store: Store) -> dict[str, float]:
    """The numbers that tell two runs apart. `retained_share` is of the rows handed to curate; `candidates` counts
    answers, `judged` instructions; `dropped` and `quarantined` are summed over the stages from collect to pair. Model
    figures have a separate file (`models.write`), so a change of the data can be inspected without training."""
    by_artifact = {line.artifact: line for line in lines(store, ["data"])}
    money = spent(store, of_chapter("data"))
    curated = by_artifact["curated"]
    contested = by_artifact["completed"].reasons.get("quarantined", {}).get("contested", 0)
    return {
        "instructions": curated.kept,
        "retained_share": round(curated.kept / curated.handed, 4) if curated.handed else 0.0,
        "completed": by_artifact["completed"].kept,
        "contested": contested,
        "candidates": by_artifact["candidates"].kept,
        "judged": by_artifact["judged"].kept,
        "pairs": tables.count(store.path(PAIRED)),
        "selected": tables.count(store.path(PAIRED), "selected"),
        "dropped": sum(f.dropped for f in by_artifact.values()),
        "quarantined": sum(f.quarantined for f in by_artifact.values()),
        "generated_tokens": money["completion_tokens"],
        "price_usd": money["price_usd"],
    }


def write(params: Params, base: Path = Path(".")) -> None:
    """Write `metrics.json` under `base`: the one metrics file of `dvc exp show`."""
    text = json.dumps(metrics(Store(params, base)), indent=1)
    tables.write_text(base / "metrics.json", text + "\n")


def as_plain(summary: list[Line]) -> list[dict[str, Any]]:
    """The lines, for machines."""
    return [asdict(f) for f in summary]
