"""The Medical RewardBench: preference pairs of the test split, and whether a reward model ranks them correctly.

In the paper, experts relabelled the pairs, and a pair was kept if at least two agreed; if they preferred the answer the
judge rejected, its label type is `human`. Labels are JSON lines
{"pair_id": "MedQA,1#a>b", "annotator": "r1", "preferred": "chosen"}: preferred is chosen, rejected or tie. Without
labels, every pair keeps the judge's order, unreviewed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.records import Comparison, Preference
from ultramed.sources.rawfiles import Fault, elements

AGREE = 2  # annotators who must agree
PREFERRED = ("chosen", "rejected", "tie")
Rewards = Callable[[list[list[dict[str, str]]]], list[float]]


def labels(folder: Path) -> dict[str, list[str]]:
    """What the annotators preferred, by pair. Raises SourceError for a malformed line, or for a second label by one
    annotator on a pair."""
    labels_by_pair: dict[str, dict[str, str]] = defaultdict(dict)
    if not any(p.read_bytes().strip() for p in folder.rglob("*") if p.is_file()):
        return {}
    for element in elements(folder):
        row, where = element.value, f"{folder}/{element.origin}"
        if isinstance(row, Fault):
            raise SourceError(where, row.reason, "fix the line")
        pair, who, what = (row.get(name) for name in ("pair_id", "annotator", "preferred"))
        if not (isinstance(pair, str) and isinstance(who, str) and what in PREFERRED):
            raise SourceError(where, f"holds {str(row)[:200]}; expected pair_id, annotator, and preferred as one of "
                              f"{', '.join(PREFERRED)}", "fix the line")
        if who in labels_by_pair[pair]:
            raise SourceError(where, f"is a second label by annotator '{who}' on {pair}; expected 1",
                              "remove one of them")
        labels_by_pair[pair][who] = what
    return {pair: list(by.values()) for pair, by in labels_by_pair.items()}


def reviewed(pairs: list[Preference], given: dict[str, list[str]]) -> list[tuple[Preference, bool]]:
    """The pairs that count, each with whether reviewers agreed on it; without labels, all pairs, unreviewed.

    Raises SourceError for labels on unknown pairs.
    """
    if unknown := sorted(set(given) - {p.id for p in pairs}):
        raise SourceError("human labels", f"refer to {len(unknown)} pair(s) that are not in the test split, such as "
                          f"{unknown[0]}", "label the pairs of this build, or point raw.human_labels at others")
    if not given:
        return [(p, False) for p in pairs]
    kept = []
    for pair in pairs:
        votes = Counter(given.get(pair.id, [])).most_common(2)
        agreed = votes and votes[0][1] >= AGREE and (len(votes) < 2 or votes[1][1] < votes[0][1])
        if agreed and votes[0][0] == "chosen":
            kept.append((pair, True))
        elif agreed and votes[0][0] == "rejected":
            turned = replace(pair, chosen=pair.rejected, rejected=pair.chosen, label_type="human")
            kept.append((turned, True))
    return kept


def compare(pairs: list[tuple[Preference, bool]], rewards: Rewards) -> list[Comparison]:
    """A reward model's rewards for both answers of each pair."""
    dialogues = [[*(m.chat() for m in p.messages), {"role": "assistant", "content": text}]
                 for p, _ in pairs for text in (p.chosen, p.rejected)]
    values = rewards(dialogues)
    return [Comparison(
        id=p.id, label_type=p.label_type, chosen_reward=values[2 * n], rejected_reward=values[2 * n + 1], reviewed=seen
    )
            for n, (p, seen) in enumerate(pairs)]
