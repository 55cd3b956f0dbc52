"""Generated rows: reply types of exam items, what makes an item unusable, retries, where the key stands."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request
from ultramed.records import Instruction, Message, Option, Verdict
from ultramed.seeds import generator, seed_of
from ultramed.tokens import characters

LETTERS = "ABCD"
FINAL = frozenset({"not_significant", "not_sufficient", "rejected"})  # codes that another seed must not overturn
Outcome = tuple[Instruction | None, Verdict]  # a generated row or None, and the verdict
_META = re.compile(
    r"\b(?:rewritten|rewrite|(?:original|given|above|this) (?:question|prompt|text)|answer to the question"
    r"|(?:this|the) (?:prompt|passage)(?! of)|correct answer is|grow by \d+)\b",
    re.IGNORECASE,
)
_REFERS = re.compile(  # to other options, so that their order would matter
    r"\b(?:all|none|both|neither|any|some)(?: of)?(?: the| these)? "
    r"(?:above|below|foregoing|preceding|options?|choices|answers?)\b"
    r"|\boptions? [A-D]\b|^\W*(?:both |only |neither )?[A-D](?: only|(?:,| and| or| nor| &|\+) ?[A-D]\b.*)\W*$",
    re.IGNORECASE,
)
_COUNTER = re.compile(r"(\d+)(?!.*\d)")
_WORD = re.compile(r"\w+|(?<!\w)-(?=\d)|[^\w\s.,;:!?()\[\]'\"’“”-]")  # signs count: "FEV1 ↑" is not "FEV1 ↓"


@cache
def exam_item(
    max_tokens: int, flagged: bool = False, methods: tuple[str, ...] = (), proven: bool = False
) -> type[BaseModel]:
    """Reply type of an exam item that fits the token limit. A flagged one first says whether its passage is
    significant and sufficient, and may leave the rest empty; a proven one then quotes the passage. `methods`: from
    which the author chooses first."""
    room, least = characters(max_tokens), 0 if flagged else 1
    option = (str, Field(min_length=least, max_length=room // 12))
    options = create_model("Options", **dict.fromkeys(LETTERS, option))  # type: ignore[call-overload]
    flags: dict[str, Any] = {"significant": (bool, ...), "sufficient": (bool, ...)} if flagged else {}
    if proven:
        flags["evidence"] = (str, Field(max_length=room // 6))
    letter: Any = Literal[tuple(LETTERS)]
    return create_model(
        "TextbookItem" if flagged else "EvolvedExam", **flags, **_chosen(methods),
        question=(str, Field(min_length=20 * least, max_length=room // 2)),
        options=(options, ...), answer=(letter, ...),
    )


@cache
def open_question(max_tokens: int, methods: tuple[str, ...] = ()) -> type[BaseModel]:
    """Reply type of an evolved open question."""
    limit = Field(min_length=15, max_length=characters(max_tokens))
    return create_model("EvolvedOpen", **_chosen(methods), question=(str, limit))


def _chosen(methods: tuple[str, ...]) -> dict[str, Any]:
    return {"method": (Literal[methods], ...)} if methods else {}


def first_usable(
    client: Client, ids: list[str], request: Callable[[str, int], Request], read: Callable[[Answer], Outcome],
    tries: int, what: str,
) -> dict[str, Outcome]:
    """For every row id its first usable draft, else the outcome of the last try. `request` builds the request from an
    id and a try number; only rows still without a draft are tried again. Reasons begin with the try."""
    drafts: dict[str, Outcome] = {}
    waiting = ids
    for number in range(1, tries + 1):
        answers = client.ask((request(row_id, number) for row_id in waiting), f"{what}, try {number}", len(waiting))
        for row_id, answer in zip(waiting, answers, strict=True):
            row, verdict = read(answer)
            drafts[row_id] = row, replace(verdict, reason=f"try {number}: {verdict.reason}")
        waiting = [i for i in waiting if drafts[i][0] is None and drafts[i][1].code not in FINAL]
        if not waiting:
            break
    return drafts


def tried(seed: int, step: str, name: str, number: int) -> tuple[int, str]:
    """Seed and step of one try."""
    return (seed_of(seed, step, name), step) if number == 1 else (seed_of(seed, step, name, number), f"{step}-{number}")


def listed(options: BaseModel) -> list[Option]:
    """The options of a reply as record options."""
    return [Option(letter, getattr(options, letter).strip()) for letter in LETTERS]


def flaw(question: str, options: list[Option], *shown: str) -> tuple[str, str] | None:
    """(code, reason) if a generated question is unusable, else None. `shown`: the questions that its model saw."""
    words = len(question.split())
    if words < 4:
        return "too_short", f"the question has {words} words, at least 4 are needed"
    if _plain(question) in map(_plain, shown):
        return "unchanged", "the question equals the one that was shown"
    if match := _META.search(question):
        return "meta_words", f"it speaks of '{match[0].lower()}'"
    if options and all(o.text.strip(" .").upper() in tuple(LETTERS) for o in options):
        return "bare_letters", f"{len(options)} of {len(options)} options are nothing but a letter"
    if pointer := next(filter(None, map(_REFERS.search, [question, *(o.text for o in options)])), None):
        return "refers_to_options", f"'{pointer[0].strip().lower()}' refers to options by their place"
    texts = [_plain(o.text) for o in options]
    if "" in texts or len(set(texts)) < len(texts):
        return "repeated_option", f"{len(texts)} options, {len(set(texts) - {''})} of them different"
    return None


def dealt(row_id: str, options: list[Option], key: str, seed: int) -> tuple[list[Option], str]:
    """The options in an order drawn by seed, and the letter of the right one.

    Ids count through a source. Each run of as many ids as there are options gets all letters, in an order of its own:
    evener than a draw for each row, and the same whatever other rows there are.
    """
    rest = [o for o in options if o.letter != key]
    generator(seed, "letters", row_id).shuffle(rest)
    root, _, variant = row_id.partition("-synthetic-")
    counted = _COUNTER.search(root)
    run, within = divmod(int(counted[1]) if counted else 0, len(options))
    name = root[: counted.start()] if counted else root
    places = generator(seed, "places", name, run, variant).sample(range(len(options)), len(options))
    place = places[within]
    rest.insert(place, next(o for o in options if o.letter == key))
    return [Option(letter, o.text) for letter, o in zip(LETTERS, rest, strict=True)], LETTERS[place]


def made(parent: Instruction, row_id: str, question: str, options: list[Option], key: str | None) -> Instruction:
    """A new instruction derived from `parent`: same family, next round, no reference answer."""
    return replace(
        parent, id=row_id, synthetic=True, messages=[Message("user", question.strip())], options=options, key=key,
        reference=None, parent=parent.id, round=parent.round + 1, origin=f"evolved from {parent.id}",
    )


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
