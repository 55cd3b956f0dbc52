"""Composition to order: how many rows of each source stay, and how they are chosen among those that could.

The best-scored stay, equal scores by hash. `curate.answer_share` first limits the rows of a source with one answer,
for sets in which nearly every answer is yes; then `curate.keep` takes what was ordered, by topic in turn if
`curate.topics` names a number of them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, zip_longest
from math import floor

from ultramed.curation import comparison
from ultramed.curation.shares import most_of_one
from ultramed.params import Params
from ultramed.records import Instruction, Verdict, drop
from ultramed.seeds import seed_of

STAGE = "curate"
Topics = Callable[[Sequence[Instruction], int, int], list[int]]  # rows, number of topics, seed → topic of each row


def ordered(
    rows: Sequence[Instruction], scores: Mapping[str, float], handed: Mapping[str, int], settings: Params,
    topics: Topics | None = None,
) -> dict[str, Verdict]:
    """Verdicts on the rows beyond what is ordered, by id. `handed`: rows of each source before selection, of which a
    share is a share."""
    by_source: dict[str, list[Instruction]] = defaultdict(list)
    for row in rows:
        by_source[row.source].append(row)
    surplus: dict[str, Verdict] = {}
    for source, own in by_source.items():
        best = sorted(own, key=lambda i: (-scores[i.id], seed_of(settings.seed, STAGE, i.id)))
        surplus |= {v.id: v for v in _of_one_answer(best, most_of_one(_tally(best).values(), _limit(source, settings)),
                                                    settings)}
        left = [i for i in best if i.id not in surplus]
        surplus |= {v.id: v for v in _beyond(left, handed.get(source, 0), settings, topics)}
    return surplus


def _limit(source: str, settings: Params) -> float:
    return settings.curate.answer_share.get(source, 1.0)


def _tally(rows: Sequence[Instruction]) -> Counter[str]:
    return Counter(map(_answer, rows))


def _of_one_answer(best: Sequence[Instruction], most: int, settings: Params) -> list[Verdict]:
    """The worst rows of each answer that more than `most` have, if its source has a limit."""
    if not best or (limit := _limit(source := best[0].source, settings)) >= 1:
        return []
    seen: Counter[str] = Counter()
    beyond, tally = [], _tally(best)
    for row in best:
        seen[answer := _answer(row)] += 1
        if seen[answer] > most:
            beyond.append(drop(row.id, STAGE, "surplus_answer", f"{tally[answer]} of {len(best)} rows of {source} are "
                               f"answered '{answer}'; curate.answer_share.{source} is {limit:g}"))
    return beyond


def _beyond(best: list[Instruction], handed: int, settings: Params, topics: Topics | None) -> list[Verdict]:
    """The rows beyond the order. A limit to one answer holds among those that stay, too."""
    if not best or (order := settings.curate.keep.get(source := best[0].source)) is None:
        return []
    wanted = order if isinstance(order, int) else round(order * handed)
    if wanted >= len(best):
        return []
    if settings.curate.topics and topics:
        best = _in_turn(best, topics(best, settings.curate.topics, settings.seed))
    crowding = _of_one_answer(best, floor(_limit(source, settings) * wanted + 1e-9), settings)
    gone = {v.id for v in crowding}
    left = [i for i in best if i.id not in gone]
    told = f"curate.keep.{source} is {order:g}"
    return crowding + [drop(i.id, STAGE, "surplus", f"place {place} of {len(best)}; {told}")
                       for place, i in enumerate(left[wanted:], wanted + 1)]


def _in_turn(best: list[Instruction], topics: list[int]) -> list[Instruction]:
    """The best of every topic, then the second best of every topic …"""
    queues: dict[int, list[Instruction]] = defaultdict(list)
    for row, topic in zip(best, topics, strict=True):
        queues[topic].append(row)
    turns = chain.from_iterable(zip_longest(*(queues[topic] for topic in sorted(queues))))
    return [row for row in turns if row is not None]


def _answer(row: Instruction) -> str:
    """The text of the right option; "" for an open question."""
    return next((comparison.normalise(o.text) for o in row.options if o.letter == row.key), "")


def by_meaning(rows: Sequence[Instruction], count: int, seed: int) -> list[int]:
    """Topics of questions: clusters of their embeddings. One thread: sums must not depend on the number of cores."""
    from sklearn.cluster import MiniBatchKMeans
    from threadpoolctl import threadpool_limits

    from ultramed.embeddings import encode

    vectors = encode([row.question for row in rows])
    with threadpool_limits(1):
        clusters = MiniBatchKMeans(min(count, len(rows)), random_state=seed % 2**32, n_init=3).fit_predict(vectors)
    return [int(c) for c in clusters]
