"""Measure 7: what comes out of 10,000 requests when many of them fail, for a while or for good."""

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.inference.contenders import OURS
from benchmarks.inference.endpoint import endpoint
from benchmarks.inference.table import Options, Row

COUNT = 10_000
FAILURES = {  # what a row is given up with when its request meets this fault every time
    "429": "rate_limited", "429-after": "rate_limited", "500": "server_error", "400": "rejected",
    "reset": "connection", "stall": "timeout", "trickle": "timeout", "truncated": "malformed", "garbage": "malformed",
    "length": "truncated", "empty": "empty", "refusal": "refused",
}
FINAL = ("400", "length", "empty", "refusal")  # never asked again, however often they come
PASSING = [kind for kind in FAILURES if kind not in FINAL]
SHARE, WRONG = 0.30, 0.01  # of all requests: hit by any passing fault, of which by JSON of a wrong shape
LASTING = 0.002  # hit by each of the lasting faults
SEED = 0  # one with which no request that is asked once more, for its wrong shape, meets a wrong shape again
PATIENCE = {"retry_after": 0.05, "stall_s": 5.0}  # the client's deadline is 0.5 s


def faults(options: Options) -> list[Row]:
    return [passing(), lasting()]


def passing() -> Row:
    """Each fault is over after one try or two: nobody may notice."""
    share = (SHARE - WRONG) / len(PASSING)
    script = [{"kind": kind, "share": share, "times": 1 + n % 2} for n, kind in enumerate(PASSING)]
    script.append({"kind": "wrong", "share": WRONG, "times": 1})
    calm = undisturbed("--json")
    found, tries, seconds = answers(script, "--json")
    different = sum(a["value"] != b["value"] for a, b in zip(calm, found, strict=True))
    hit = len({t["key"] for t in tries if t["fault"]})
    what = f"{COUNT:,} requests, {SHARE:.0%} of them with faults that pass ({len(script)} kinds)"
    outcome = f"{verdict(different)}; {hit:,} requests hit; {told(found, tries, seconds)}"
    return Row(7, what, "answers as without faults", outcome)


def lasting() -> Row:
    """Faults that never pass cost their own rows, and no other."""
    script = [{"kind": kind, "share": LASTING, "times": None} for kind in FAILURES]
    calm = undisturbed()
    found, tries, seconds = answers(script)
    hit = {t["key"]: t["fault"] for t in tries if t["fault"]}
    expected = [{**a, "value": None, "failure": FAILURES[hit[a["sent"]]]} if a["sent"] in hit else a for a in calm]
    different = sum(a != b for a, b in zip(expected, found, strict=True))
    what = f"{COUNT:,} requests, {LASTING * len(script):.1%} of them with faults that stay ({len(script)} kinds)"
    outcome = f"{verdict(different)}; {len(hit):,} requests hit; {told(found, tries, seconds)}"
    return Row(7, what, "these given up with their kind, all others answered", outcome)


def undisturbed(*more: str) -> list[dict[str, Any]]:
    """The answers where nothing fails."""
    found, _, _ = answers([], *more)
    if failed := sum(bool(answer["failure"]) for answer in found):
        raise RuntimeError(f"{failed} of {COUNT:,} requests failed at an endpoint without faults")
    return found


def answers(script: list[dict[str, Any]], *more: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]], float]:
    """The answers in order, the endpoint's tries, and the seconds it took."""
    with endpoint(faults=script, seed=SEED, **PATIENCE) as server, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.jsonl"
        took = OURS.ask(server.address, COUNT, Path(folder), "--short", "--answers", str(path), *more)
        return [json.loads(line) for line in path.read_text().splitlines()], server.tries(), took["seconds"]


def verdict(different: int) -> str:
    return f"no, {different:,} differ" if different else "yes"


def told(found: list[dict[str, Any]], tries: list[dict[str, Any]], seconds: float) -> str:
    failures = Counter(answer["failure"] for answer in found if answer["failure"])
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(failures.items())) or "none"
    return f"{len(tries):,} tries in {seconds:.0f} s; given up: {kinds}"
