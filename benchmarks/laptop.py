"""The laptop build as a new user meets it: a fresh clone, `make repro`, then `dvc repro` again.

    python benchmarks/laptop.py [--keep FOLDER] [--against REVISION]

Prints wall time (installation included), peak memory of all processes together, disk, generated tokens, the time of the
second run, and the outputs in dvc.lock that differ from the committed ones. `--against` builds an older revision on
the same machine first, and prints the ratio. Needs git, make, python3.11 and psutil; takes about ten minutes, and a
quarter of an hour more with an older revision.
"""

import argparse
import json
import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import psutil
import yaml

REPOSITORY = Path(__file__).parents[1]
MODELS = (  # outputs that rest on weights trained on this machine
    "models/transformers", "models/identity", "data/sampled", "data/evaluated", "data/ensembles", "data/rewardbench",
    "reports", "results.json", "quality/sampled", "quality/evaluated")


class PeakMemory(threading.Thread):
    """Greatest sum of proportional set sizes over this process's descendants, sampled every half second; also of the
    model server, which runs in a session of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.bytes, self.ending = folder, 0, threading.Event()

    def run(self) -> None:
        while not self.ending.wait(0.5):
            total = 0
            for process in psutil.process_iter():
                try:
                    if process.cwd().startswith(str(self.folder)):
                        total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, total)


def measured(command: list[str], folder: Path) -> tuple[float, float]:
    """(seconds, peak GB) of a command that must succeed."""
    env = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV" and not k.startswith(("ULTRAMED_", "DVC_"))}
    peak = PeakMemory(folder)
    peak.start()
    started = time.monotonic()
    with open(folder.parent / "output.log", "a", encoding="utf-8") as log:
        subprocess.run(command, cwd=folder, env=env, stdout=log, stderr=log, check=True)
    peak.ending.set()
    return time.monotonic() - started, peak.bytes / 1e9


def size(folder: Path) -> float:
    """GB on disk, hard links counted once."""
    told = subprocess.run(["du", "-sk", str(folder)], capture_output=True, text=True, check=True).stdout
    return float(told.split()[0]) * 1024 / 1e9


def build(revision: str, base: Path) -> tuple[Path, float, float, float]:
    """A fresh clone of a revision, built: its folder, seconds of `make setup` and of `make repro`, peak GB."""
    folder = base / revision
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(folder)], check=True)
    subprocess.run(["git", "checkout", "-q", revision], cwd=folder, check=True)
    install, _ = measured(["make", "setup"], folder)
    seconds, memory = measured(["make", "repro"], folder)
    return folder, install, seconds, memory


def differing(folder: Path) -> tuple[list[str], list[str]]:
    """Outputs whose hash is another than the committed one: of the data half, and of what is trained or made of it."""
    def outs(text: str) -> dict[str, str]:
        return {out["path"]: out["md5"] for stage in yaml.safe_load(text)["stages"].values() for out in stage["outs"]}

    committed = subprocess.run(["git", "show", "HEAD:dvc.lock"], cwd=folder, check=True, capture_output=True, text=True)
    before, now = outs(committed.stdout), outs((folder / "dvc.lock").read_text())
    changed = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
    of_models = [path for path in changed if path.startswith(MODELS)]
    return [path for path in changed if path not in of_models], of_models


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=Path, help="folder to build in, kept afterwards")
    parser.add_argument("--against", metavar="REVISION", help="an older revision to build first")
    given = parser.parse_args()
    base = (given.keep or Path(tempfile.mkdtemp(prefix="ultramed-laptop-"))).resolve()
    base.mkdir(parents=True, exist_ok=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=REPOSITORY, check=True, capture_output=True, text=True)
    older = build(given.against, base) if given.against else None
    folder, install, seconds, memory = build(head.stdout.strip(), base)
    again = sorted(measured(["bash", "-c", ". .venv/bin/activate && dvc repro"], folder)[0] for _ in range(3))[1]
    told = subprocess.run(["bash", "-c", ". .venv/bin/activate && ultramed summary --json"], cwd=folder, check=True,
                          capture_output=True, text=True).stdout
    tokens = json.loads((folder / "metrics.json").read_text())["generated_tokens"]
    answering = json.loads(told)["evaluation"]["completion_tokens"]
    data, models = differing(folder)
    rows = [
        ("make repro, fresh, installation included", f"{(install + seconds) / 60:.1f} min", "≤ 10 min"),
        ("  of which installation", f"{install:.0f} s", ""),
        ("second dvc repro (median of 3)", f"{again:.1f} s", "≤ 3 s"),
        ("outputs of the data half that differ", str(len(data)), "0"),
        ("outputs of the models' half that differ", str(len(models)), ""),
        ("tokens of the replies used, data", f"{tokens:,}", "≤ 30,000"),
        ("tokens of the replies used, evaluation", f"{answering:,}", "≤ 15,000"),
        ("peak memory, all processes", f"{memory:.2f} GB", "≤ 7 GB"),
        ("disk, with environment and cache", f"{size(folder):.2f} GB", "≤ 8 GB"),
    ]
    if older:
        before = older[1] + older[2]
        place = f"  share of {given.against[:12]}, {before / 60:.1f} min"
        rows.insert(1, (place, f"{(install + seconds) / before:.2f}", "≤ 0.67"))
    for what, value, goal in rows:
        print(f"{what:<48}{value:>12}   {goal}")
    print("".join(f"differs: {path}\n" for path in data), end="")


if __name__ == "__main__":
    main()
