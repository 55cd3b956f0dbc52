"""How many letters are read from answers, and how many of them rightly. Usage: python -m benchmarks.letters

By kind: the answers of tests/data/letters.jsonl. Where ULTRAMED_REALDATA names a folder of public files, also the 4,356
stored completions of MIRAGE on MMLU (GPT-3.5 and GPT-4, with and without passages): what their field `answer_choice`
says beside what is read, and what their reasoning closes on beside that field.
"""

import csv
import json
import os
import re
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ultramed.exam import chosen_letter, closes_on

ANSWERS = Path(__file__).parents[1] / "tests/data/letters.jsonl"
MIRAGE = "02_mcq_eval/MIRAGE_mmlu_med"
_NAME = re.compile(r"(?P<way>cot|rag_32)/OpenAI/(?P<model>[^/]+)/.*test_(?P<subject>\w+)-(?P<number>\d+)\.json$")
_FIELD = re.compile(r'"answer_choice"\s*:\s*"((?:\\.|[^"\\])*)"')
_LETTER = re.compile(r"\W*([A-D])(?![\w/]|-\w|, [A-D]\b| and [A-D]\b)")
Reading = tuple[str, str | None, str | None]  # kind, the letter meant, the letter read


def table() -> Iterator[Reading]:
    """The answers of the tests."""
    for line in ANSWERS.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["kind"], row["letter"], chosen_letter(row["text"], row["options"])


def mirage(folder: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(way and model, completion, options) of each stored completion."""
    questions: dict[str, list[list[str]]] = {}
    for path in sorted((folder / "rawdata").glob("*_test.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            questions[path.name.removesuffix("_test.csv")] = list(csv.reader(file))
    with tarfile.open(folder / "prediction_mmlu.tar.gz") as archive:
        for member in archive:
            if (name := _NAME.search(member.name)) and (stream := archive.extractfile(member)):
                options = questions[name["subject"]][int(name["number"])][1:5]
                yield f"{name['way']}, {name['model']}", json.load(stream)[0], dict(zip("ABCD", options, strict=True))


def field(completion: str) -> str | None:
    """The letter in `answer_choice`; None where it holds none, or several."""
    given = _FIELD.search(completion)
    letter = _LETTER.match(given[1]) if given else None
    return letter[1] if letter else None


def fields(folder: Path) -> Iterator[Reading]:
    """What `answer_choice` says beside what is read of the whole completion."""
    for kind, completion, options in mirage(folder):
        yield kind, field(completion), chosen_letter(completion, options)


def closings(folder: Path) -> Iterator[Reading]:
    """What `answer_choice` says beside what the reasoning before it closes on."""
    for kind, completion, options in mirage(folder):
        if letter := field(completion):
            yield kind, letter, closes_on(completion.split('"answer_choice"')[0].split('":', 1)[-1], options)


def show(title: str, readings: Iterable[Reading]) -> None:
    """A line for each kind, and one for all."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, meant, read in readings:
        outcome = ("agree" if meant == read else "differ") if meant and read else "read" if read else "unread"
        for name in (kind, "all"):
            counts[name][("" if meant else "none, ") + outcome] += 1
    shown = Table("kind", "letter: agree", "differ", "unread", "no letter: unread", "read", title=title)
    for kind, of in sorted(counts.items(), key=lambda item: item[0] == "all"):
        columns = "agree", "differ", "unread", "none, unread", "none, read"
        shown.add_row(kind, *(f"{of[column]:,}" if of[column] else "" for column in columns))
    Console().print(shown)


def main() -> None:
    show("tests/data/letters.jsonl", table())
    realdata = os.environ.get("ULTRAMED_REALDATA")
    if not realdata:
        print("ULTRAMED_REALDATA is not set: no stored completions are read")
        return
    show("MIRAGE, completion beside answer_choice", fields(Path(realdata) / MIRAGE))
    show("MIRAGE, closing of the reasoning beside answer_choice", closings(Path(realdata) / MIRAGE))


if __name__ == "__main__":
    main()
