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
        surplus |= {v.id: v for v in _of_one_answer(best, settings)}
        left = [i for i in best if i.id not in surplus]
        surplus |= {v.id: v for v in _beyond(left, handed.get(source, 0), settings, topics)}
    return surplus


def _of_one_answer(best: list[Instruction], settings: Params) -> list[Verdict]:
    """The worst rows of the commonest answer, as far as it goes beyond its share of those that stay."""
    source = best[0].source
    limit = settings.curate.answer_share.get(source, 1.0)
    answers = {i.id: _answer(i) for i in best}
    counts = Counter(answers.values())
    if limit >= 1 or not counts:
        return []
    common, count = counts.most_common(1)[0]
    most = floor(round((len(best) - count) * limit / (1 - limit), 6))
    beyond = [i for i in best if answers[i.id] == common][most:]
    return [drop(i.id, STAGE, "surplus_answer", f"{count} of {len(best)} rows of {source} are answered '{common}'; "
                 f"curate.answer_share.{source} is {limit:g}") for i in beyond]


def _beyond(best: list[Instruction], handed: int, settings: Params, topics: Topics | None) -> list[Verdict]:
    if not best or (order := settings.curate.keep.get(source := best[0].source)) is None:
        return []
    wanted = order if isinstance(order, int) else round(order * handed)
    if settings.curate.topics and topics and wanted < len(best):
        best = _in_turn(best, topics(best, settings.curate.topics, settings.seed))
    told = f"curate.keep.{source} is {order:g}"
    return [drop(i.id, STAGE, "surplus", f"place {place} of {len(best)}; {told}")
            for place, i in enumerate(best[wanted:], wanted + 1)]


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
