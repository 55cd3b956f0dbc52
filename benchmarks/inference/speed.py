"""Measures 1 and 2: CPU a request and requests a second, against an endpoint without latency.

What bare aiohttp reaches is about what the endpoint can give. The clock of curator and of the layer includes what they
do before and after asking.
"""

import tempfile
from pathlib import Path
from statistics import median

from benchmarks.inference.contenders import AIOHTTP, OPENAI, OURS, Contender
from benchmarks.inference.endpoint import REPLY, endpoint
from benchmarks.inference.table import Options, Row

RUNS = 3
SLOW = 2_000  # requests of the peers that take milliseconds for each


def speed(options: Options) -> list[Row]:
    contenders = [(AIOHTTP, options.requests), (OPENAI, SLOW)]
    contenders += [(options.curator, SLOW)] if options.curator else []
    with endpoint(reply=REPLY) as server:
        cpu, rate = paces(OURS, options.requests, server.address)
        budget = paces(OURS, options.requests, server.address, "--budget", "1000")
        peers = {asker.name: paces(asker, count, server.address) for asker, count in contenders}
    absent = "" if options.curator else " · curator not installed"
    return [
        Row(1, f"client CPU a request, ms; {options.requests:,} requests, ledger on, 64 at once", "≤ 0.40",
            f"{cpu:.2f} (with a budget {budget[0]:.2f})",
            " · ".join(f"{name} {found[0]:.2f}" for name, found in peers.items()) + absent),
        Row(2, "requests a second through the whole layer", "≥ 2,000", f"{rate:,.0f} (with a budget {budget[1]:,.0f})",
            " · ".join(f"{name} {found[1]:,.0f}" for name, found in peers.items()) + absent),
    ]


def paces(asker: Contender, count: int, address: str, *more: str) -> tuple[float, float]:
    """Medians of CPU milliseconds a request, and of requests a second; nothing is known when a run starts."""
    runs = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(asker.ask(address, count, Path(folder), *more))
    if short := [run["ok"] for run in runs if run["ok"] != count]:
        raise RuntimeError(f"{asker.name}: {short[0]} of {count} requests were answered")
    return median(run["cpu_s"] for run in runs) / count * 1000, count / median(run["seconds"] for run in runs)
