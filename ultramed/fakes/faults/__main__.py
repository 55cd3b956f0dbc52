"""The fault endpoint: the oracle behind a bad connection, an OpenAI-compatible loopback server that fails by script.

For tests and benchmarks: it counts requests and records when its answers were sent, so that they can prove what was
sent again. Which requests are hit is drawn from their content and a seed, never from the order they arrive in.

    python -m ultramed.fakes.faults --script script.json --truth truth.json --port 0

Script (JSON, every part optional):
    seed                0
    latency_s           [0.0, 0.0]  range of an answer's delay, drawn by content
    reply               null        a fixed text for every request, instead of the oracle's
    faults              [{"kind": "500", "share": 0.1, "times": 1}]
                        share: of all requests; times: first tries of a request that are hit, null for all
                        kinds: see `kinds.KINDS`
    retry_after         0.2         seconds that `429-after` asks for
    stall_s             3600        how long `stall` sends nothing, and how long `trickle` takes for a whole answer
    batch_s             0.0         seconds from the creation of a batch to its end
    batch_max_requests  50000       a batch with more lines, or a larger file, ends as `failed`
    batch_max_bytes     209715200
    batch_fault         null        for the first batch: "lost" creates it and resets the connection without an answer,
                                    "failed" fails it, "expired" lets it expire with half of its lines done, "damaged"
                                    spoils its output: blank lines, one cut, one without usage, one that is no JSON

Chat requests can also come in batches: the same faults hit their lines, and `tries` and `requests` count them, but no
line waits for `latency_s`. See `batch.py`.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from ultramed.fakes.faults.endpoint import FaultEndpoint, application
from ultramed.fakes.faults.kinds import KINDS, Script
from ultramed.fakes.oracle import Oracle, serve


def main() -> None:
    kinds = "\n".join(f"    {kind:12} {meaning}" for kind, meaning in KINDS.items())
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"Kinds of fault:\n{kinds}\n\nGET /report counts requests, GET /tries lists every one.")
    parser.add_argument("--script", type=Path, help="JSON file; without it nothing fails")
    parser.add_argument("--truth", type=Path, help="the oracle's JSON file")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one; the address is printed")
    given = parser.parse_args()
    script, truth = (json.loads(p.read_text(encoding="utf-8")) if p else {} for p in (given.script, given.truth))
    try:
        asyncio.run(serve(application(FaultEndpoint(Script.read(script), Oracle(truth))), given.port))
    except ValueError as error:
        sys.exit(f"ERROR {given.script}: {error}")
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
