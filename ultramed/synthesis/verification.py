"""Written exam items stand only if independent solvers find their key, and not from the options alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ultramed.curation.solve import Panel, Votes
from ultramed.params import Params
from ultramed.records import Draft, Instruction, Verdict, drop
from ultramed.synthesis.items import Outcome


@dataclass
class Verified:
    """The votes on each item, and a verdict on those that fail."""

    votes: dict[str, Votes] = field(default_factory=dict)
    blind: dict[str, Votes] = field(default_factory=dict)  # without the question
    failed: dict[str, Verdict] = field(default_factory=dict)


def verify(panel: Panel, items: Sequence[Instruction], params: Params, stage: str, blind: int = 0) -> Verified:
    """Ask the panel. An item fails if all of `blind` solvers find its key without its question (the cheaper test, made
    first), or if fewer than `evolve.agree` find it with it, or more agree on another letter. Where enough find it but
    another letter has as many votes, as many solvers are asked again; if it still has, the key stands. Open questions
    pass."""
    rules, result = params.evolve, Verified()
    keyed = [i for i in items if i.key]
    if blind:
        result.blind = panel.solve(keyed, blind, "blind", blind=True)
        for item in keyed:
            if (found := result.blind[item.id].count(item.key)) == blind:
                result.failed[item.id] = drop(
                    item.id, stage, "solvable_blind", f"{found} of {blind} solvers found the key {item.key} from the "
                    f"options alone; {blind} drop it")
        keyed = [i for i in keyed if i.id not in result.failed]
    result.votes = panel.solve(keyed, rules.verifiers, "verify")
    tied = [i for i in keyed if result.votes[i.id].tied(i.key) and result.votes[i.id].count(i.key) >= rules.agree]
    for item_id, more in panel.solve(tied, rules.verifiers, "verify", first=rules.verifiers).items():
        result.votes[item_id] += more
    for item in keyed:
        if not result.votes[item.id].confirm(item.key, rules.agree):
            result.failed[item.id] = drop(item.id, stage, "key_unverified", told(item, result.votes[item.id], params))
    return result


@dataclass
class Settled:
    """The rows that stand, a verdict on every draft, and what it was reached by."""

    rows: list[Instruction] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)


def settled(outcomes: Mapping[str, Outcome], checked: Verified, drafts: Mapping[str, Draft], params: Params) -> Settled:
    """Put together what became of each draft, by its id: its own verdict, then the solvers'."""
    result = Settled()
    for row_id, (row, verdict) in outcomes.items():
        votes, blind = checked.votes.get(row_id, Votes()), checked.blind.get(row_id)
        if failure := checked.failed.get(row_id):
            verdict = replace(failure, reason=f"{verdict.reason}; {failure.reason}")
        elif row is not None:
            said = told(row, votes, params) if row.key else "open question"
            verdict = replace(verdict, reason=f"{verdict.reason}; {said}")
            result.rows.append(row)
        result.verdicts.append(verdict)
        key = row.key if row else None
        result.drafts.append(replace(
            drafts[row_id], votes=len(votes.letters), for_key=votes.count(key) if key else 0,
            against=votes.against(key) if key else 0, blind=blind.count(key) if blind and key else None))
    return result


def told(item: Instruction, votes: Votes, params: Params) -> str:
    """What the solvers said, for a verdict."""
    rules = params.evolve
    found = f"{votes.count(item.key)} of {len(votes.letters)} solvers found the key {item.key}, {rules.agree} needed"
    return found if not (most := votes.against(item.key)) else f"{found}; {most} agree on another letter"
