"""How long and how much memory duplicates and leaks take. Usage: python -m benchmarks.curation [ROWS]

Rows are made up: about 100 words each from a vocabulary of 30,000 with Zipf's frequencies, as varied as real text;
5 % repeat an earlier row word for word, 5 % with three words changed. Each task runs in a process of its own; memory
is what it needs beyond the rows themselves. Beside near-duplicates stands datasketch, where it is installed.
"""

import importlib.util
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context

import numpy as np
from rich.console import Console
from rich.table import Table

from ultramed.curation.comparison import words
from ultramed.curation.decontaminate import Index
from ultramed.curation.dedup import clusters, exact_duplicates, looser, near_duplicates
from ultramed.params import Decontaminate, Dedup
from ultramed.records import BenchmarkItem, Instruction, Message

DEDUP = Dedup(threshold=0.8, shingle=3, permutations=128)
SCREEN = Decontaminate(ngram=13, short=0.8)
BLOCK = 10_000  # rows made at a time, so that making them is not the peak of memory
ITEMS = 7_000  # benchmark questions, about as many as MedQA, MedMCQA, PubMedQA and MMLU have together


def texts(count: int, seed: int) -> list[str]:
    """Made-up questions."""
    made: list[str] = []
    for block in range(0, count, BLOCK):
        made += _block(min(BLOCK, count - block), seed * 1_000_003 + block)
    return made


def _block(count: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    drawn = random.zipf(1.3, (count, 140)) % 30_000
    lengths = random.integers(60, 140, count)
    vocabulary = ["".join("aeioulnrst"[int(digit)] for digit in f"{number:05d}") for number in range(30_000)]
    made = [" ".join(vocabulary[w] for w in row[:length]) for row, length in zip(drawn, lengths, strict=True)]
    for place in range(10, count, 10):
        copied = made[place - 7].split()
        if place % 20 == 0:
            copied[5:8] = ["changed", "in", "here"]
        made[place] = " ".join(copied)
    return made


def instructions(count: int) -> list[Instruction]:
    return [
        Instruction(f"Made,{n}", "made", "open", "clinical", False, [Message("user", text)], [], None, None, None, 0,
                    f"Made,{n}", "open", None, "made")
        for n, text in enumerate(texts(count, seed=1))
    ]


def exact(rows: list[Instruction]) -> int:
    return len(exact_duplicates(rows))


def near(rows: list[Instruction]) -> int:
    return len(near_duplicates(rows, DEDUP))


def families(rows: list[Instruction]) -> int:
    return len(rows) - len(set(clusters(rows, looser(DEDUP, 0.2)).values()))


def leaks(rows: list[Instruction]) -> int:
    asked = texts(ITEMS, seed=2)
    index = Index.from_items((BenchmarkItem(f"b,{n}", "b", q, None, [], "A") for n, q in enumerate(asked)), SCREEN)
    return sum(index.match(row) is not None for row in rows)


def datasketch(rows: list[Instruction]) -> int:
    from datasketch import MinHash, MinHashLSH

    index, found = MinHashLSH(threshold=DEDUP.threshold, num_perm=DEDUP.permutations), 0
    for row in rows:
        own, size, sketch = words(row.question), DEDUP.shingle, MinHash(num_perm=DEDUP.permutations)
        sketch.update_batch([" ".join(own[i : i + size]).encode() for i in range(len(own) - size + 1)])
        found += bool(index.query(sketch))
        index.insert(row.id, sketch)
    return found


def measured(task: Callable[[list[Instruction]], int], count: int) -> tuple[int, float, float, float]:
    """Rows found, seconds, and memory in MB: beyond the rows, and at its peak."""
    rows = instructions(count)
    before, start = _peak_mb(), time.perf_counter()
    found = task(rows)
    seconds, peak = time.perf_counter() - start, _peak_mb()
    return found, seconds, peak - before, peak


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(count: int) -> None:
    table = Table("task", "found", "seconds", "µs a row", "MB beyond the rows", "peak MB", title=f"{count:,} rows")
    tasks: list[Callable[[list[Instruction]], int]] = [exact, near, families, leaks]
    if importlib.util.find_spec("datasketch"):
        tasks.append(datasketch)
    for task in tasks:
        with get_context("spawn").Pool(1) as pool:
            found, seconds, beyond, peak = pool.apply(measured, (task, count))
        figures = f"{found:,}", f"{seconds:.1f}", f"{seconds / count * 1e6:.0f}", f"{beyond:,.0f}", f"{peak:,.0f}"
        table.add_row(task.__name__, *figures)
    Console().print(table)
    if datasketch not in tasks:
        print("datasketch, the peer of `near`, is not installed: `pip install datasketch` to compare")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000)
