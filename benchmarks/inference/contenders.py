"""Who asks: this repository's layer and its peers, each in a process of its own."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Contender:
    """A module with the command line `ADDRESS COUNT …` that asks questions 0 to COUNT - 1, 64 at once, and prints what
    it took as a line of JSON: ok (answers), cpu_s and seconds (from the first question to the last answer), peak_mb."""

    name: str
    module: str
    python: str = sys.executable
    probe: bytes = b""  # body of a request that it sends before any question

    def start(self, address: str, count: int, folder: Path, *more: str) -> subprocess.Popen[bytes]:
        """`folder` keeps its ledger or cache, and what it says."""
        folder.mkdir(parents=True, exist_ok=True)
        env = os.environ | {
            "PYTHONPATH": str(REPOSITORY), "PYTHONSAFEPATH": "1", "ULTRAMED_LEDGER": str(folder / "ledger"),
            "DVC_ROOT": str(folder), "CURATOR_CACHE_DIR": str(folder / "cache"), "HF_HOME": str(folder / "hf"),
        }
        command = [self.python, "-m", f"benchmarks.inference.{self.module}", address, str(count), *more]
        with open(folder / "said.txt", "wb") as said, open(folder / "log.txt", "ab") as log:
            return subprocess.Popen(command, cwd=REPOSITORY, env=env, stdout=said, stderr=log)

    def ask(self, address: str, count: int, folder: Path, *more: str) -> dict[str, Any]:
        """What it took. Raises RuntimeError, with the end of what it said, when it fails."""
        with self.start(address, count, folder, *more) as process:
            status = process.wait()
        if status:
            raise RuntimeError(f"{self.name}: ended with {status}\n{(folder / 'log.txt').read_text()[-3000:]}")
        return json.loads((folder / "said.txt").read_text().splitlines()[-1])

    def questions(self, tries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The endpoint's tries, without probes."""
        probe = hashlib.sha256(self.probe).hexdigest()
        return [attempt for attempt in tries if attempt["key"] != probe]


OURS = Contender("ours", "ask_ultramed")
AIOHTTP = Contender("aiohttp", "ask_aiohttp")
OPENAI = Contender("openai", "ask_openai")


def curator(python: str) -> Contender:
    return Contender("curator", "ask_curator", python, b'{"model": "faults", "messages": []}')
