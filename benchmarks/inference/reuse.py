"""Measures 3 to 6: what is asked again after a crash and for new rows, replay, memory."""

import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.inference.contenders import OURS, Contender
from benchmarks.inference.endpoint import REPLY, endpoint
from benchmarks.inference.table import Options, Row

CRASHES, FEW = 20, 3  # trials of ours, and of peers
ROWS = 2_000  # of a trial
LATENCY_S = (0.01, 0.2)
SURE_S = 0.1  # from an answer's last byte to the kill
FINISHED, NEW = 3_001, 10
REPLAYED = 100_000


@dataclass(frozen=True)
class Crash:
    """A run that was killed, and the one after it."""

    again: int  # requests asked again though their answers had gone out in time
    whole: bool  # every row came out of the second run


def crashes(options: Options) -> list[Row]:
    ours = trials(OURS, CRASHES)
    peers = trials(options.curator, FEW) if options.curator else []
    return [Row(
        3, f"requests re-sent whose last byte came ≥ {SURE_S * 1000:.0f} ms before a kill -9; {ROWS:,} rows", "0",
        told(ours), f"curator: {told(peers)}" if peers else "curator not installed")]


def told(found: list[Crash]) -> str:
    whole = sum(crash.whole for crash in found)
    return f"{sum(crash.again for crash in found)} in {len(found)} kills; all rows came out of {whole} second runs"


def trials(asker: Contender, count: int) -> list[Crash]:
    """Killed at random moments of the time that a whole run takes, from 0.3 s after its first request on."""
    chance = random.Random(1)
    with endpoint(reply=REPLY, latency_s=LATENCY_S) as server, tempfile.TemporaryDirectory() as folder:
        seconds = asker.ask(server.address, ROWS, Path(folder))["seconds"]
    return [crash(asker, chance.uniform(0.3, 0.85 * seconds)) for _ in range(count)]


def crash(asker: Contender, after_s: float) -> Crash:
    with endpoint(reply=REPLY, latency_s=LATENCY_S) as server, tempfile.TemporaryDirectory() as folder:
        with asker.start(server.address, ROWS, Path(folder)) as process:
            while not server.count() and process.poll() is None:
                time.sleep(0.02)
            time.sleep(after_s)
            if process.poll() is not None:
                raise RuntimeError(f"{asker.name}: had ended before it was killed")
            killed_at = time.time()
            process.kill()
        ok = asker.ask(server.address, ROWS, Path(folder))["ok"]
        return Crash(asked_again(asker.questions(server.tries()), killed_at), ok == ROWS)


def asked_again(tries: list[dict[str, Any]], killed_at: float) -> int:
    safe = {t["key"] for t in tries if t["went"] is not None and t["went"] <= killed_at - SURE_S}
    return len(safe & {t["key"] for t in tries if t["came"] > killed_at})


def additions(options: Options) -> list[Row]:
    peers = f"curator {added(options.curator):,}" if options.curator else "curator not installed"
    return [Row(4, f"requests for {NEW} new rows after a finished run of {FINISHED:,}", str(NEW), f"{added(OURS):,}",
                peers)]


def added(asker: Contender) -> int:
    with endpoint(reply=REPLY) as server, tempfile.TemporaryDirectory() as folder:
        asker.ask(server.address, FINISHED, Path(folder))
        before = len(asker.questions(server.tries()))
        asker.ask(server.address, FINISHED + NEW, Path(folder))
        return len(asker.questions(server.tries())) - before


def replay(options: Options) -> list[Row]:
    with endpoint(reply=REPLY) as server, tempfile.TemporaryDirectory() as folder:
        OURS.ask(server.address, REPLAYED, Path(folder))
        before = server.count()
        seconds = median(OURS.ask(server.address, REPLAYED, Path(folder))["seconds"] for _ in range(3))
        sent = server.count() - before
    return [Row(5, f"replay of {REPLAYED:,} answered requests, s", "≤ 5", f"{seconds:.1f} ({sent} requests sent)")]


def memory(options: Options) -> list[Row]:
    """Of the client's process, manifest included."""
    count = 1_000_000 if options.million else 50_000
    with endpoint(reply=REPLY) as server, tempfile.TemporaryDirectory() as folder:
        took = OURS.ask(server.address, count, Path(folder), "--manifest", f"{folder}/manifest")
    what = f"peak memory of the client over {count:,} requests, manifest written, MB"
    what += "" if options.million else "; --million for the goal's 1,000,000"
    found = f"{took['peak_mb']:,.0f} ({took['ok']:,} answered in {took['seconds']:,.0f} s)"
    return [Row(6, what, "≤ 500", found)]
