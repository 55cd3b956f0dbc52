"""The Medical RewardBench: preference pairs of the split `test`, and whether a reward model ranks them as they stand.

In the paper experts labelled them again, and pairs were kept where at least two agree; where they prefer the answer the
judge rejected the pair counts as `human`. Labels come as JSON lines
{"pair_id": "MedQA,1#a>b", "annotator": "r1", "preferred": "chosen"}: preferred is chosen, rejected or tie. Without any,
every pair stands as the judge left it, unreviewed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ultramed.errors import SourceError
from ultramed.records import Comparison, Preference
from ultramed.sources.rawfiles import Fault, elements

AGREE = 2  # annotators who must say the same
PREFERRED = ("chosen", "rejected", "tie")
Rewards = Callable[[list[list[dict[str, str]]]], list[float]]


def labels(folder: Path) -> dict[str, list[str]]:
    """What each annotator preferred, by pair. Raises SourceError for a line of another shape, or where one annotator
    speaks twice on a pair."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    if not any(p.read_bytes().strip() for p in folder.rglob("*") if p.is_file()):
        return {}
    for element in elements(folder):
        row, where = element.value, f"{folder}/{element.origin}"
        if isinstance(row, Fault):
            raise SourceError(where, row.reason, "mend the line")
        pair, who, what = (row.get(name) for name in ("pair_id", "annotator", "preferred"))
        if not (isinstance(pair, str) and isinstance(who, str) and what in PREFERRED):
            raise SourceError(where, f"holds {str(row)[:200]}; expected pair_id, annotator, and preferred as one of "
                              f"{', '.join(PREFERRED)}", "mend the line")
        if who in found[pair]:
            raise SourceError(where, f"is the second label of annotator '{who}' on {pair}; 1 expected",
                              "take one of them out")
        found[pair][who] = what
    return {pair: list(by.values()) for pair, by in found.items()}


def reviewed(pairs: list[Preference], given: dict[str, list[str]]) -> list[tuple[Preference, bool]]:
    """The pairs that count, each with whether reviewers agreed on it: all, unreviewed, where nobody was asked.

    Raises SourceError for labels on pairs that are not among them.
    """
    if unknown := sorted(set(given) - {p.id for p in pairs}):
        raise SourceError("human labels", f"speak of {len(unknown)} pair(s) that are not in the split test, such as "
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
    """A reward model's numbers on both answers of each pair."""
    dialogues = [[*(m.chat() for m in p.messages), {"role": "assistant", "content": text}]
                 for p, _ in pairs for text in (p.chosen, p.rejected)]
    values = rewards(dialogues)
    return [Comparison(
        id=p.id, label_type=p.label_type, chosen_reward=values[2 * n], rejected_reward=values[2 * n + 1], reviewed=seen
    )
            for n, (p, seen) in enumerate(pairs)]
