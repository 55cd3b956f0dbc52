"""What the layer that asks models costs, keeps and survives, beside its goals and beside other clients.

    python -m benchmarks.inference [--only 1,3] [--million] [--requests 20000] [--peers PYTHON]

All is asked of the fault endpoint on this machine, a process of its own; each client is one, too. Bare aiohttp and the
openai SDK come with this repository; curator needs an environment of its own, whose Python `--peers` names:

    python -m venv peers && peers/bin/pip install bespokelabs-curator
    python -m benchmarks.inference --peers peers/bin/python

Figures need two idle cores. Without `--million` it takes about a quarter of an hour.
"""

import argparse
import sys
from collections.abc import Callable

from benchmarks.inference.contenders import curator
from benchmarks.inference.faulty import faults
from benchmarks.inference.reuse import additions, crashes, memory, replay
from benchmarks.inference.speed import speed
from benchmarks.inference.table import Options, Row, show

MEASURES: dict[Callable[[Options], list[Row]], set[int]] = {
    speed: {1, 2}, crashes: {3}, additions: {4}, replay: {5}, memory: {6}, faults: {7},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="1,2,3,4,5,6,7", help="numbers of measures")
    parser.add_argument("--million", action="store_true", help="measure 6 with 1,000,000 requests instead of 50,000")
    parser.add_argument("--requests", type=int, default=20_000, help="of measures 1 and 2")
    parser.add_argument("--peers", help="Python of an environment with curator")
    given = parser.parse_args()
    wanted = {int(number) for number in given.only.split(",")}
    options = Options(given.requests, given.million, curator(given.peers) if given.peers else None)
    rows: list[Row] = []
    for measure, numbers in MEASURES.items():
        if numbers & wanted:
            print(f"{measure.__name__} …", file=sys.stderr, flush=True)
            rows += [row for row in measure(options) if row.number in wanted]
    show(rows)


if __name__ == "__main__":
    main()
