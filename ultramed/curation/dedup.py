"""Exact and near-duplicates among instructions: each dropped row names the row kept and how similar the two are.

Rows come in order of priority: of two similar rows the earlier one is kept. A row is dropped only against a kept row,
never against a dropped one, so similarity does not drift along chains.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from xxhash import xxh3_128_hexdigest

from ultramed.curation import comparison, minhash
from ultramed.curation.comparison import words
from ultramed.curation.likeness import MIN_ANSWER, Comparer, Duplicate, exam_item, options_text, wording
from ultramed.params import Dedup, Params
from ultramed.records import Instruction, Verdict, drop

BUCKET = 200  # earlier rows of a bucket that a row is compared with
Buckets = Mapping[int, list[str]]  # row position to the buckets it shares with others


def prioritised(instructions: Sequence[Instruction], sources: Sequence[str]) -> list[Instruction]:
    """Sort by source (unlisted ones last, by name), evolution round, then id in natural order."""
    rank = {name: number for number, name in enumerate(sources)}
    return sorted(instructions, key=lambda i: (rank.get(i.source, len(rank)), i.source, i.round, natural(i.id)))


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts MedQA,9 before MedQA,10."""
    parts = [part for part in re.split(r"([0-9]+)", name) if part]
    return [(0, int(part), part) if part.isascii() and part.isdigit() else (1, 0, part) for part in parts]


def exact_duplicates(instructions: Sequence[Instruction]) -> dict[str, str]:
    """Ids of rows whose normalised prompt and sorted options occur in an earlier row, each with that row's id."""
    first: dict[str, str] = {}
    return {i.id: kept for i in instructions if (kept := first.setdefault(_fingerprint(i), i.id)) != i.id}


def near_duplicates(instructions: Sequence[Instruction], settings: Dedup) -> dict[str, Duplicate]:
    """Near-duplicates of earlier rows, by id. `settings.threshold` applies to word shingles of question and options;
    a lower one is enough if the answers agree too. `comparison.difference` protects rows that only look alike."""
    comparer = Comparer(instructions, settings)
    duplicates: dict[str, Duplicate] = {}
    kept: dict[str, list[int]] = defaultdict(list)
    shared = _buckets(instructions, settings, comparer.shingler)
    for position in sorted(shared):
        compared = (comparer.compare(position, other) for other in _members(shared[position], kept))
        if duplicate := next(filter(None, compared), None):
            duplicates[duplicate.id] = duplicate
        else:
            for bucket in shared[position]:
                kept[bucket].append(position)
    return duplicates


def clusters(instructions: Sequence[Instruction], settings: Dedup) -> dict[str, str]:
    """Each id with the representative (the earliest row) of its cluster of similar rows, chains included.

    For families that a split must not divide: differing numbers and negations protect nothing here.
    """
    comparer = Comparer(instructions, settings)
    parents = list(range(len(instructions)))
    seen: dict[str, list[int]] = defaultdict(list)
    shared = _by_wording(instructions, settings, comparer.shingler)
    for position in sorted(shared):
        for other in _members(shared[position], seen):
            a, b = _root(parents, position), _root(parents, other)
            if a != b and comparer.related(position, other):
                parents[max(a, b)] = min(a, b)
        for bucket in shared[position]:
            seen[bucket].append(position)
    return {i.id: instructions[_root(parents, n)].id for n, i in enumerate(instructions)}


def drop_duplicates(
    instructions: Sequence[Instruction], stage: str, params: Params
) -> tuple[list[Instruction], list[Verdict]]:
    """Remove exact, then near-duplicates: the rows left, in order of priority, and a verdict for each dropped row."""
    rows = prioritised(instructions, list(params.sources))
    by_id = {i.id: i for i in rows}
    same = exact_duplicates(rows)
    verdicts = [drop(i, stage, *_sameness(by_id[i], by_id[of])) for i, of in same.items()]
    rows = [i for i in rows if i.id not in same]
    near = near_duplicates(rows, params.dedup)
    verdicts += [drop(d.id, stage, "near_duplicate", d.reason) for d in near.values()]
    return [i for i in rows if i.id not in near], verdicts


def looser(settings: Dedup, by: float) -> Dedup:
    """The same settings with a lower threshold."""
    return settings.model_copy(update={"threshold": max(0.0, round(settings.threshold - by, 6))})


def _buckets(instructions: Sequence[Instruction], settings: Dedup, shingler: minhash.Shingler) -> Buckets:
    """Rows that share bands of their wording or reference answer, or all options and the key."""
    buckets: dict[int, list[str]] = defaultdict(list)
    for position, shared in _by_wording(instructions, settings, shingler).items():
        buckets[position] += shared
    answered = [n for n, i in enumerate(instructions) if len((i.reference or "").split()) >= MIN_ANSWER]
    answers = (words(instructions[n].reference or "") for n in answered)
    for number, bands in minhash.buckets(answers, shingler, settings.threshold, settings.permutations).items():
        buckets[answered[number]] += [f"answer {band}" for band in bands]
    items: dict[str, list[int]] = defaultdict(list)
    for position, instruction in enumerate(instructions):
        if item := exam_item(instruction):
            items[item].append(position)
    for item, positions in items.items():
        for position in positions if len(positions) > 1 else []:
            buckets[position].append(f"item {item}")
    return buckets


def _by_wording(instructions: Sequence[Instruction], settings: Dedup, shingler: minhash.Shingler) -> Buckets:
    texts = (wording(i) for i in instructions)
    buckets = minhash.buckets(texts, shingler, settings.threshold, settings.permutations)
    return {position: [f"wording {band}" for band in bands] for position, bands in buckets.items()}


def _members(buckets: Sequence[str], rows: Mapping[str, list[int]]) -> Iterator[int]:
    """Earlier rows in these buckets, each once."""
    seen: set[int] = set()
    for bucket in buckets:
        for other in rows[bucket][:BUCKET]:
            if other not in seen:
                seen.add(other)
                yield other


def _fingerprint(instruction: Instruction) -> str:
    turns = [f"{m.role}\x1f{comparison.normalise(m.content)}" for m in instruction.messages if m.role != "system"]
    return xxh3_128_hexdigest("\x1e".join([*turns, options_text(instruction)]).encode())


def _sameness(row: Instruction, kept: Instruction) -> tuple[str, str]:
    """Code and reason. An open question whose answer is another one than the kept row's has a code of its own; the
    reason tells when the keys name different texts, for then one of the two is wrong."""
    own, others = (words(i.reference or "") for i in (row, kept))
    if own and others and own != others and not row.options:
        alike = comparison.jaccard(frozenset(own), frozenset(others))
        return "other_answer", (f"same question as {kept.id}, another answer: {len(own)} words, {alike:.2f} alike; the "
                                f"kept one has {len(others)} words")
    keys = [next((comparison.normalise(o.text) for o in i.options if o.letter == i.key), None) for i in (row, kept)]
    remark = "" if keys[0] == keys[1] else "; their keys differ"
    return "exact_duplicate", f"same question and options as {kept.id}: 1.00 alike; exact from 1.00{remark}"


def _root(parents: list[int], position: int) -> int:
    while parents[position] != position:
        parents[position] = parents[parents[position]]
        position = parents[position]
    return position
