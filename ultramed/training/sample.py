"""On-policy preferences for a round of iterative training: the policy answers N times, a reward model ranks its answers
together with the reference reply, best and worst become a pair (the paper's iterative preference learning)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ultramed.inference.client import Client
from ultramed.ledger.requests import Request, Sampling
from ultramed.params import Iterate, Params
from ultramed.prompts import Prompt, render
from ultramed.records import Example, Preference, Sample, Verdict, drop, keep
from ultramed.seeds import draw, seed_of

REFERENCE = "reference"
PROMPT = "question"  # the question as the policy was trained on it
Rewards = Callable[[list[list[dict[str, str]]]], list[float]]


@dataclass
class Sampled:
    """What became of each prompt drawn."""

    samples: list[Sample] = field(default_factory=list)  # with their rewards, reference replies among them
    rows: list[Preference] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


def prompts(mixture: Iterable[Example], count: int | None, seed: int, number: str) -> list[Example]:
    """The examples whose questions are asked in a round, drawn by id; each stands once however often it is mixed in."""
    rows = {row.id: row for row in mixture}
    return [rows[i] for i in draw(sorted(rows), count, seed, "iterate", number)]


def sample(client: Client, number: str, asked: list[Example], settings: Params) -> dict[str, list[Sample]]:
    """The policy's answers by example; unusable replies are left out."""
    plan = settings.iterate
    requests = (_request(row, n, number, settings) for row in asked for n in range(plan.samples))
    found: dict[str, list[Sample]] = {row.id: [] for row in asked}
    for answer in client.ask(requests, f"sample, round {number}", len(asked) * plan.samples,
                             truncated_ok=settings.complete.cut):
        if answer.ok:
            row_id, n = answer.request.row_id, answer.request.sample
            found[row_id].append(Sample(f"{row_id}@{client.name}-{n + 1}", row_id, client.name, answer.value, 0.0,
                                        answer.key))
    return found


def rank(asked: list[Example], samples: dict[str, list[Sample]], rewards: Rewards, number: str) -> Sampled:
    """Reward all answers, take the best and the worst of each question. Verdict codes: paired; too_few, equal_rewards
    (dropped)."""
    stage, result = f"sample@{number}", Sampled()
    groups = {row.id: _distinct([*samples[row.id], _reference(row)]) for row in asked}
    turns = {row.id: [m.chat() for m in row.messages[:-1]] for row in asked}
    flat = [s for group in groups.values() for s in group]
    values = iter(rewards([[*turns[s.instruction_id], {"role": "assistant", "content": s.text}] for s in flat]))
    for row in asked:
        ranked = sorted((_rewarded(s, next(values)) for s in groups[row.id]), key=lambda s: (-s.reward, s.id))
        result.samples += ranked
        if len(ranked) < 2:
            result.verdicts.append(drop(row.id, stage, "too_few", f"{len(ranked)} different answer(s), 2 needed"))
        elif ranked[0].reward == ranked[-1].reward:
            result.verdicts.append(drop(row.id, stage, "equal_rewards", f"all have reward {ranked[0].reward:g}"))
        else:
            result.rows.append(_pair(row, ranked[0], ranked[-1]))
            result.verdicts.append(keep(row.id, stage, "paired", f"rewards {ranked[0].reward:g} and "
                                        f"{ranked[-1].reward:g}, of {len(ranked)} answers"))
    return result


def _request(row: Example, n: int, number: str, settings: Params) -> Request:
    plan: Iterate = settings.iterate
    prompt = render(PROMPT, question=row.messages[-2].content)
    turns = [(m.role, m.content) for m in row.messages[:-2]]
    sampling = Sampling(plan.temperature, plan.max_tokens, seed_of(settings.seed, "iterate", number, row.id, n),
                        plan.top_p)
    return Request(row.id, f"sample-{n + 1}", Prompt(prompt.name, prompt.hash, (*turns, *prompt.messages)), sampling,
                   sample=n, rights=row.rights)


def _reference(row: Example) -> Sample:
    return Sample(f"{row.id}@{REFERENCE}", row.id, REFERENCE, row.messages[-1].content, 0.0, None)


def _distinct(found: list[Sample]) -> list[Sample]:
    """The first of each text."""
    return list({s.text.strip(): s for s in reversed(found)}.values())[::-1]


def _rewarded(s: Sample, reward: float) -> Sample:
    return Sample(s.id, s.instruction_id, s.author, s.text, reward, s.request_key)


def _pair(row: Example, best: Sample, worst: Sample) -> Preference:
    name = f"{row.id}#{best.id.rpartition('@')[2]}>{worst.id.rpartition('@')[2]}"
    return Preference(name, row.source, row.messages[:-1], best.text, worst.text, None, "on-policy", row.family,
                      row.rights)
