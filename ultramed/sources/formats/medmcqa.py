"""MedMCQA (Indian entrance exams; medmcqa/medmcqa): the original's JSON lines with `cop` from 1, the Hub's rows with
`cop` from 0, in JSON, Parquet or CSV.

{"question": "…", "exp": "…", "cop": 1, "opa": "…", "opb": "…", "opc": "…", "opd": "…", "subject_name": "Anatomy",
 "topic_name": "…", "id": "e9ad821a-…", "choice_type": "single"}
`exp` is taken from textbooks and never copied. `choice_type` is unreliable: every row has one key.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.params import Input
from ultramed.sources.indices import Base, Keys, index
from ultramed.sources.raw import RawRow, Row, Unfit, attempt, lettered, text
from ultramed.sources.rawfiles import TABULAR, Element, Fault, elements, files, of_file
from ultramed.sources.unread import unread

OPTIONS = ("opa", "opb", "opc", "opd")
BEGINNING = 1_000  # keys of a file by which it is read; the others must agree
READS = {"question", "cop", *OPTIONS, "exp", "subject_name", "topic_name", "id", "choice_type"}


def read(folder: Path, own: Input) -> Iterator[Row]:
    """The rows of the files under `folder`; the key is the row's index from 0.

    Whether a file counts from 0 or 1 is told by all its rows; `key_from` says it where they do not tell. Raises
    SourceError where neither does; behind the last row where a file tells of another count than it was read by.
    """
    bases = {} if own.key_from is not None else _bases(folder)
    keys = Keys()
    for element in elements(folder, suffixes=TABULAR):
        _note(keys, element)
        yield attempt(partial(parse, bases.get(element.file, own.key_from or 0)), element)
    if own.key_from is not None:
        keys.refuse_other(folder, own.key_from)
    elif (whole := keys.bases(folder)) != bases:
        file = next(file for file in whole if whole[file] != bases.get(file))
        raise SourceError(str(folder / file), f"begins with keys from {bases.get(file)} and goes on with others: "
                          f"{keys.files[file]}", "make it one count, or two files")


def _bases(folder: Path) -> dict[str, Base]:
    """What each file counts from, by as many of its rows as it takes to tell."""
    keys = Keys()
    for path in files(folder, TABULAR):
        for element in of_file(folder, path):
            _note(keys, element)
            ends = keys.files[element.file]
            if ends.keys >= BEGINNING and ends.base() is not None:
                break
    return keys.bases(folder)


def _note(keys: Keys, element: Element) -> None:
    if not isinstance(element.value, Fault) and (number := index(element.value.get("cop"))) is not None:
        keys.add(element.file, number, len(OPTIONS))


def parse(first: Base, element: Element) -> RawRow:
    """One question, whose `cop` counts from `first`. Raises Unfit with code answer_missing where there is no key (none,
    -1, or 0 in a count from 1), key_out_of_range for any other `cop` that names no option."""
    row = element.value
    question = text(row, "question")
    if missing := [name for name in OPTIONS if name not in row]:
        raise Unfit("missing_field", f"field '{missing[0]}' is missing, text expected")
    options = lettered([row[name] for name in OPTIONS])
    letter = options[_place(row.get("cop"), first)].letter
    return RawRow(element.key, element.origin, question, options=options, letter=letter,
                  unread=tuple(unread(row, READS)))


def _place(cop: object, first: Base) -> int:
    number = index(cop)
    if cop is None or cop == "" or cop != cop or (number is not None and -1 <= number < first):
        raise Unfit("answer_missing", f"cop is {cop!r}: no key; this file counts from {first}")
    if number is None or not first <= number <= first + 3:
        raise Unfit("key_out_of_range", f"cop is {str(cop)[:20]!r}; expected {first} to {first + 3}")
    return number - first
