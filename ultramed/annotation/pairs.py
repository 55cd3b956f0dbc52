"""Preference pairs from feedback: all rank-ordered pairs, and the few per instruction selected for training.

Whatever the judge prefers, an exam answer that misses the key is never chosen over one that has it, and is chosen at
all only where `pair.chosen_misses_key` allows it.

The paper names three kinds of selected pair but gives no rules. Here, `easy` pairs the best candidate with one at least
`pair.easy` points below; `hard` pairs it with the next one, 1 to `pair.hard` points below; `length` counters length
bias: the best-ranked candidate that is shorter than `pair.length` of a lower one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from typing import Literal

from ultramed.curation.shares import most_of_one
from ultramed.params import PairRules, Params
from ultramed.records import Completion, Feedback, Pair, Verdict, drop, keep
from ultramed.seeds import generator, seed_of

Label = Literal["easy", "hard", "length"]  # in order of selection; gates/suites/paired.py checks each


def criteria(rules: PairRules) -> dict[Label, str]:
    """The rule for each label, as worded on the dataset card."""
    return {
        "easy": f"from a margin of {rules.easy}",
        "hard": f"from 1 to {rules.hard}",
        "length": f"where the chosen text is shorter than {rules.length} of the rejected one",
    }


def all_pairs(
    feedback: list[Feedback], candidates: dict[str, Completion], split: str, key: str | None, rules: PairRules
) -> Iterator[Pair]:
    """Every ordered pair of one instruction whose ranks and scores do not contradict each other or the instruction's
    key, and whose texts differ, best first. If candidates share a text, only the best-ranked pair of those texts is
    kept."""
    ordered, seen = sorted(feedback, key=lambda f: f.rank), set()
    for better, worse in combinations(ordered, 2):
        chosen, rejected = candidates[better.candidate_id], candidates[worse.candidate_id]
        texts = chosen.text.strip(), rejected.text.strip()
        if better.score < worse.score or texts[0] == texts[1] or texts in seen:
            continue
        if key and not _allowed(chosen.extracted == key, rejected.extracted == key, rules):
            continue
        seen.add(texts)
        yield Pair(
            id=f"{chosen.instruction_id}#{chosen.author}>{rejected.author}", instruction_id=chosen.instruction_id,
            chosen_id=chosen.id, rejected_id=rejected.id, chosen_score=better.score, rejected_score=worse.score,
            chosen_rank=better.rank, rejected_rank=worse.rank, margin=better.score - worse.score, label_type="",
            split=split
        )


def select(pairs: list[Pair], candidates: dict[str, Completion], params: Params) -> list[Pair]:
    """The pairs of one instruction selected for training: at most one per label type, none twice."""
    if not pairs:
        return []
    picked: dict[str, Pair] = {}
    of_best = [p for p in pairs if p.chosen_id == pairs[0].chosen_id]
    qualified: dict[Label, list[Pair]] = {
        "easy": [p for p in of_best if p.margin >= params.pair.easy],
        "hard": [p for p in of_best if 1 <= p.margin <= params.pair.hard][:1],
        "length": [p for p in pairs if _shorter(p, candidates, params.pair)][:1],
    }
    for label, own in qualified.items():
        if left := [p for p in own if p.id not in picked]:
            # Zephyr's rule: the rejected answer is drawn at random from those that qualify
            choice = generator(params.seed, "pair", label, left[0].instruction_id).choice(left)
            picked[choice.id] = replace(choice, label_type=label)
    return list(picked.values())[: params.pair.per_prompt]


def limited(selected: list[Pair], sources: Mapping[str, str], params: Params) -> list[Pair]:
    """The selected pairs of all instructions within `pair.quota` and `pair.author_share`, in their order. What goes
    beyond them goes by hash, so that no name is preferred."""
    order = sorted(selected, key=lambda p: seed_of(params.seed, "limit", p.id))
    taken: Counter[str] = Counter()
    within = []
    for pair in order:
        source = sources[pair.instruction_id]
        taken[source] += 1
        if taken[source] <= params.pair.quota.get(source, len(order)):
            within.append(pair)
    most = most_of_one(Counter(map(_author, within)).values(), params.pair.author_share)
    by_author: Counter[str] = Counter()
    kept = set()
    for pair in within:
        by_author[_author(pair)] += 1
        if by_author[_author(pair)] <= most:
            kept.add(pair.id)
    return [pair for pair in selected if pair.id in kept]


def _author(pair: Pair) -> str:
    return pair.chosen_id.rpartition("@")[2]


def verdict(instruction_id: str, pairs: list[Pair], selected: list[Pair], kept: list[Pair], judged: int) -> Verdict:
    """The verdict on one judged instruction: all its pairs, those selected, and those of them within the limits."""
    if not pairs:
        return drop(instruction_id, "pair", "no_pair",
                    f"0 of {judged * (judged - 1) // 2} pairs: scores or the key contradict the ranking, or texts are "
                    "equal")
    if not selected:
        return drop(instruction_id, "pair", "none_selected", f"0 of {len(pairs)} pairs fit a label type")
    if not kept:
        return drop(instruction_id, "pair", "over_limit",
                    f"0 of {len(selected)} selected pairs are within pair.quota and pair.author_share")
    return keep(instruction_id, "pair", "paired", f"{len(pairs)} pairs, {len(kept)} selected")


def _allowed(chosen_right: bool, rejected_right: bool, rules: PairRules) -> bool:
    return chosen_right or (rules.chosen_misses_key and not rejected_right)


def _shorter(pair: Pair, candidates: dict[str, Completion], rules: PairRules) -> bool:
    chosen, rejected = (candidates[i].text for i in (pair.chosen_id, pair.rejected_id))
    return len(chosen) < rules.length * len(rejected)
