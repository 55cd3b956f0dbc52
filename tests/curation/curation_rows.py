"""Instructions, benchmark items and settings for the tests of curation, built by hand."""

from collections.abc import Sequence
from pathlib import Path

from ultramed import params
from ultramed.params import Decontaminate, Dedup, Params, Screen
from ultramed.records import BenchmarkItem, Instruction, Message, Option

ROOT = Path(__file__).parents[2]
LEAKS = Decontaminate(ngram=13, short=0.8)
DEDUP = Dedup(threshold=0.8, shingle=3, permutations=128)
SCREEN = Screen(min_words=3, max_words=50, identifiers=["email", "phone"])


def settings() -> Params:
    """The project's own params."""
    return params.load(ROOT / "params.yaml")


def row(
    row_id: str,
    question: str,
    options: Sequence[str] = (),
    key: str | None = None,
    *,
    reference: str | None = None,
    source: str = "medqa",
    rights: str = "open",
    parent: str | None = None,
    family: str | None = None,
    round_: int = 0,
    history: Sequence[Message] = (),
) -> Instruction:
    """An instruction; a list of options makes it an exam item."""
    lettered = [Option(letter, text) for letter, text in zip("ABCDEFGH", options, strict=False)]
    return Instruction(
        id=row_id,
        source=source,
        category="exam" if options else "open",
        kind="exam" if options else "clinical",
        synthetic=parent is not None,
        messages=[*history, Message("user", question)],
        options=lettered,
        key=key,
        reference=reference,
        parent=parent,
        round=round_,
        family=family or row_id,
        rights=rights,
        as_of=None,
        origin="test:1",
    )


def benchmark(number: int, question: str, context: str | None = None, options: Sequence[str] = ()) -> BenchmarkItem:
    lettered = [Option(letter, text) for letter, text in zip("ABCD", options, strict=False)]
    return BenchmarkItem(f"bench,{number}", "bench", question, context, lettered, "A")
