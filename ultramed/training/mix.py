"""Mixtures: the medical rows of the split `train` joined with general-domain rows, by number or weight.

A weight is a multiple of a set's rows: 0.5 takes a random half, 2.0 all of them twice, 0 none. The paper's UltraMix
combines its 410K medical instructions with 190K general ones.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from ultramed.claims import Claims
from ultramed.curation.decontaminate import Index
from ultramed.params import MEDICAL, RANKED, Params
from ultramed.records import (
    Assignment,
    Completion,
    Example,
    Instruction,
    Message,
    Pair,
    Preference,
    Verdict,
    drop,
    keep,
)
from ultramed.seeds import seed_of
from ultramed.training.general import TEMPLATE_TOKEN, Row, answers, characters, holds_special_token


@dataclass
class Mixture:
    """Rows to train on (`train`) and to evaluate on (`dev`), and one verdict for every row read."""

    train: list[Row] = field(default_factory=list)  # a row drawn twice is here twice
    dev: list[Row] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


def examples(
    completions: Iterable[Completion], instructions: dict[str, Instruction], families: dict[str, Assignment],
    rights: Claims,
) -> Iterator[tuple[Example, str]]:
    """Completed instructions as SFT examples, each with its split; source, scorer and teacher decide their rights."""
    for c in completions:
        i, assigned = instructions[c.instruction_id], families[c.instruction_id]
        turns = [*i.messages[:-1], Message("user", i.prompt), Message("assistant", c.text)]
        claim = rights.instruction(rights.source(i), c.author)
        row = Example(id=i.id, source=MEDICAL, messages=turns, family=assigned.family, rights=claim.rights,
                      thinking=c.thinking)
        yield row, assigned.split


def preferences(
    pairs: Iterable[Pair], candidates: dict[str, Completion], instructions: dict[str, Instruction],
    families: dict[str, Assignment], rights: Claims, judge: str, source: str = MEDICAL,
) -> Iterator[tuple[Preference, str]]:
    """Pairs with their texts, each with its split; source, authors and judge decide their rights."""
    for p in pairs:
        i, chosen, rejected = instructions[p.instruction_id], candidates[p.chosen_id], candidates[p.rejected_id]
        turns = [*i.messages[:-1], Message("user", i.prompt)]
        claim = rights.judged(rights.source(i), chosen.author, rejected.author, judge)
        row = Preference(
            id=p.id, source=source, messages=turns, chosen=chosen.text, rejected=rejected.text, margin=p.margin,
            label_type=p.label_type, family=families[i.id].family, rights=claim.rights)
        yield row, p.split


def mix(
    kind: str, name: str, own: Mapping[str, Iterable[tuple[Row, str]]], general: Mapping[str, Iterable[Row]],
    index: Index, settings: Params,
) -> Mixture:
    """Join the sets named in `mix.<kind>.<name>`, in their order; `own` are this repository's, with their splits.
    Verdict codes: drawn, dev (kept); not_train, rights, too_long, special_token, leak, not_drawn (dropped)."""
    result, stage = Mixture(), f"mix-{kind}"
    for part, amount in settings.mixtures[kind][name].items():
        judged = [(row, split, _judge(row, split, stage, index, settings))
                  for row, split in own.get(part) or ((row, "train") for row in general[part])]
        usable = [row.id for row, split, verdict in judged if verdict.keep and split == "train"]
        copies = _copies(amount, usable, settings.seed, stage)
        told = f"mix.{kind}.{name}.{part} is {amount:g}"
        for row, split, verdict in judged:
            if verdict.keep and split == "dev":
                result.dev.append(row)
            elif verdict.keep:
                result.train += [row] * copies[row.id]
                verdict = keep(row.id, stage, "drawn", f"{copies[row.id]} ×; {told}") if copies[row.id] \
                    else drop(row.id, stage, "not_drawn", told)
            result.verdicts.append(verdict)
        if isinstance(amount, int) and amount > len(usable):
            print(f"  WARNING {told}, and {len(usable)} of {len(judged)} rows can be used: "
                  f"{amount - len(usable)} short", file=sys.stderr, flush=True)
    return replace(result, train=_weighed(result.train), dev=_weighed(result.dev))


def _weighed(rows: list[Row]) -> list[Row]:
    """The rows, each prompt of the set `ranked` weighing the same however many of its pairs are there."""
    of_prompt = Counter(_prompt(row) for row in rows if row.source == RANKED)
    return [replace(row, weight=1 / of_prompt[_prompt(row)])
            if isinstance(row, Preference) and row.source == RANKED else row for row in rows]


def _prompt(row: Row) -> str:
    return row.id.rpartition("#")[0]


def _copies(amount: float | int, usable: list[str], seed: int, stage: str) -> dict[str, int]:
    """How often each usable row is taken."""
    if isinstance(amount, int):
        taken = set(sorted(usable, key=lambda row_id: seed_of(seed, stage, row_id))[:amount])
        return {row_id: int(row_id in taken) for row_id in usable}
    return {row_id: times(amount, seed, stage, row_id) for row_id in usable}


def times(weight: float, seed: int, *names: object) -> int:
    """How often a row is taken: the weight's integer part, plus one with its fraction as probability. The draw depends
    on the row alone, so a higher weight keeps what a lower one took."""
    return int(weight) + (seed_of(seed, *names) / 2**31 < weight % 1)


def _judge(row: Row, split: str, stage: str, index: Index, settings: Params) -> Verdict:
    if split not in ("train", "dev"):
        return drop(row.id, stage, "not_train", f"is in split {split}; train and dev are used")
    if row.rights not in settings.mix.allows:
        return drop(row.id, stage, f"rights_{row.rights}", f"mix.allows holds {', '.join(settings.mix.allows)}")
    if (length := characters(row)) > settings.mix.max_characters:
        return drop(row.id, stage, "too_long", f"{length} characters; mix.max_characters is "
                                               f"{settings.mix.max_characters}")
    if holds_special_token(row):
        return drop(row.id, stage, "special_token", TEMPLATE_TOKEN)
    if leak := next(filter(None, map(index.leaks_text, answers(row))), None):
        return drop(row.id, stage, "leak", leak.reason)
    return keep(row.id, stage, "dev" if split == "dev" else "drawn", f"split {split}")
