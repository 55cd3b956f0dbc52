"""Recall and precision of the search for identifiers by kind, and its speed.

    python -m benchmarks.identifiers [--against REVISION] [--show]

Counts spans: one of the list is found when any span that the search reports overlaps it; a reported one is right when
it overlaps one of the list. The list is `tests/data/identifiers/`: invented identifiers in one file, hard negatives in
the other. Rows marked `held_out` were not used while rules were written. Where `ULTRAMED_REALDATA` names a folder
of public files, speed is measured there, and the rows with a hit are counted; `--show` prints each hit.
"""

import argparse
import csv
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from ultramed.curation.identifiers import Span, find
from ultramed.params import Identifier

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tests/data/identifiers"
KINDS: tuple[str, ...] = get_args(Identifier)
REPEATS = 20  # of the list, to time it


def rows() -> list[dict[str, Any]]:
    """All rows of the list; hard negatives have no spans."""
    files = (LIST / "identifiers.jsonl", LIST / "hard_negatives.jsonl")
    return [{"spans": [], **json.loads(line)} for path in files for line in path.open()]


def real_text(folder: Path) -> dict[str, list[str]]:
    """Rows of public sources, by name; missing ones are left out."""
    readers = {"ChatDoctor": _dialogues, "MedQuAD": _articles, "PubMedQA": _abstracts, "MedQA": _exams, "MMLU": _mmlu}
    found = {name: list(read(folder)) for name, read in readers.items()}
    return {name: texts for name, texts in found.items() if texts}


def _dialogues(folder: Path) -> Iterator[str]:
    for path in folder.glob("01_training_sources/ChatDoctor/*.json"):
        yield from (f"{row['input']}\n{row['output']}" for row in json.loads(path.read_text()))


def _articles(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("01_training_sources/MedQuAD/*/*.xml")):
        for pair in ET.parse(path).getroot().iter("QAPair"):
            yield f"{pair.findtext('Question')}\n{pair.findtext('Answer') or ''}"


def _abstracts(folder: Path) -> Iterator[str]:
    for path in folder.glob("01_training_sources/PubMedQA/*.json"):
        for row in json.loads(path.read_text()).values():
            yield " ".join([*row["CONTEXTS"], row["QUESTION"], row["LONG_ANSWER"]])


def _exams(folder: Path) -> Iterator[str]:
    for path in folder.glob("01_training_sources/MedQA_dev/*.json"):
        yield from ("\n".join([row["question"], *row["options"]]) for row in json.loads(path.read_text()))


def _mmlu(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("02_mcq_eval/MIRAGE_mmlu_med/rawdata/*.csv")):
        yield from ("\n".join(line) for line in csv.reader(path.open()))


def overlaps(span: Span, place: dict[str, Any]) -> bool:
    """Whether a reported span and one of the list share a character."""
    return span.start < place["end"] and place["start"] < span.end


def counts(part: list[dict[str, Any]]) -> Counter[str]:
    """`listed`, `found`, `reported` and `right` spans, by `<count> <kind>`, and the hard negatives with a hit."""
    total = Counter[str]()
    for row in part:
        reported = find(row["text"], KINDS)
        for place in row["spans"]:
            total[f"listed {place['kind']}"] += 1
            total[f"found {place['kind']}"] += any(overlaps(span, place) for span in reported)
        for span in reported:
            total[f"reported {span.kind}"] += 1
            total[f"right {span.kind}"] += any(overlaps(span, place) for place in row["spans"])
        total["negatives"] += not row["spans"]
        total["negatives hit"] += bool(reported) and not row["spans"]
    return total


def figures(folder: Path | None) -> dict[str, Any]:
    """Everything that is printed, as JSON."""
    everything = rows()
    texts = real_text(folder) if folder else {"the list": [row["text"] for row in everything] * REPEATS}
    return {
        "tuned": counts([row for row in everything if not row["held_out"]]),
        "held out": counts([row for row in everything if row["held_out"]]),
        "real": {name: _timed(part) for name, part in texts.items()},
    }


def _timed(texts: list[str]) -> dict[str, float]:
    find("Mr Smith", KINDS)  # lists of names are loaded once
    began = time.process_time()
    hits = sum(bool(find(text, KINDS)) for text in texts)
    seconds = time.process_time() - began
    return {"rows": len(texts), "hits": hits, "speed": sum(map(len, texts)) / seconds / 1e6}


def older(revision: str) -> dict[str, Any]:
    """The figures of the package as it was at a revision, over the same list and text."""
    packed = subprocess.run(["git", "archive", revision, "ultramed"], cwd=ROOT, check=True, capture_output=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
        command = [sys.executable, str(Path(__file__).resolve()), "--json"]
        environment = os.environ | {"PYTHONPATH": folder}
        done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def show(texts: dict[str, list[str]]) -> None:
    """Print each hit in real text with its context."""
    for name, part in texts.items():
        for number, text in enumerate(part):
            for span in find(text, KINDS):
                left, right = (text[max(0, span.start - 60) : span.start], text[span.end : span.end + 40])
                print(f"{name} {number} {span.kind}: …{left}[{text[span.start : span.end]}]{right}…".replace("\n", " "))


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} = {part / whole:.3f}" if whole else "–"


def _print(title: str, measured: dict[str, Any]) -> None:
    for part in ("tuned", "held out"):
        count = Counter[str](measured[part])
        hit = _share(count["negatives hit"], count["negatives"])
        print(f"\n{title}, {part}: {hit} of the hard negatives have a hit")
        print("| kind | recall | precision |\n|---|---|---|")
        for kind in (*KINDS, "all"):
            listed, found, reported, right = (
                sum(n for key, n in count.items() if key.startswith(f"{what} ") and kind in (key.split()[1], "all"))
                for what in ("listed", "found", "reported", "right"))
            print(f"| {kind} | {_share(found, listed)} | {_share(right, reported)} |")
    print("\n| text | rows with a hit | million characters a second |\n|---|---|---|")
    for name, timed in measured["real"].items():
        print(f"| {name} | {timed['hits']} of {timed['rows']} | {timed['speed']:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", metavar="REVISION", help="measure the package of this revision, too")
    parser.add_argument("--show", action="store_true", help="print the hits in real text instead")
    parser.add_argument("--json", action="store_true", help="print the figures of this package as JSON")
    options = parser.parse_args()
    folder = Path(root) if (root := os.environ.get("ULTRAMED_REALDATA")) else None
    if options.show:
        return show(real_text(folder) if folder else {})
    measured = figures(folder)
    if options.json:
        return print(json.dumps(measured))
    _print("this tree", measured)
    if options.against:
        _print(options.against, older(options.against))


if __name__ == "__main__":
    main()
