"""On-policy preferences for a round of iterative training: the policy answers N times, a reward model ranks its answers
together with the reference reply, and the best and worst become a pair (the paper's iterative preference learning)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

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
    """The samples, pairs and verdicts of the prompts drawn."""

    samples: list[Sample] = field(default_factory=list)  # with their rewards, reference replies among them
    rows: list[Preference] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


def prompts(mixture: Iterable[Example], count: int | None, seed: int, number: str) -> list[Example]:
    """The examples a round asks about, drawn by id; each once, however often it is in the mixture."""
    rows = {row.id: row for row in mixture}
    return [rows[i] for i in draw(sorted(rows), count, seed, "iterate", number)]


def sample(client: Client, number: str, asked: list[Example], settings: Params) -> dict[str, list[Sample]]:
    """The policy's answers by example, without unusable replies."""
    plan = settings.iterate
    requests = (_request(row, n, number, settings) for row in asked for n in range(plan.samples))
    samples: dict[str, list[Sample]] = {row.id: [] for row in asked}
    for answer in client.ask(requests, f"sample, round {number}", len(asked) * plan.samples,
                             truncated_ok=settings.complete.cut):
        if answer.ok:
            row_id, n = answer.request.row_id, answer.request.sample
            samples[row_id].append(Sample(
                id=f"{row_id}@{client.name}-{n + 1}", instruction_id=row_id, author=client.name, text=answer.value,
                reward=0.0, request_key=answer.key))
    return samples


def rank(asked: list[Example], samples: dict[str, list[Sample]], rewards: Rewards, number: str) -> Sampled:
    """Reward all answers, and pair the best and worst of each question. Verdict codes: paired; too_few, equal_rewards
    (dropped)."""
    stage, result = f"sample@{number}", Sampled()
    groups = {row.id: _distinct([*samples[row.id], _reference(row)]) for row in asked}
    turns = {row.id: [m.chat() for m in row.messages[:-1]] for row in asked}
    flat = [s for group in groups.values() for s in group]
    values = iter(rewards([[*turns[s.instruction_id], {"role": "assistant", "content": s.text}] for s in flat]))
    for row in asked:
        rewarded = (replace(s, reward=next(values)) for s in groups[row.id])
        ranked = sorted(rewarded, key=lambda s: (-s.reward, s.id))
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
    sampling = Sampling.of(plan, plan.max_tokens, seed_of(settings.seed, "iterate", number, row.id, n))
    asked = Prompt(name=prompt.name, hash=prompt.hash, messages=(*turns, *prompt.messages))
    return Request(row_id=row.id, step=f"sample-{n + 1}", prompt=asked, sampling=sampling, sample=n, rights=row.rights)


def _reference(row: Example) -> Sample:
    return Sample(id=f"{row.id}@{REFERENCE}", instruction_id=row.id, author=REFERENCE, text=row.messages[-1].content,
                  reward=0.0, request_key=None)


def _distinct(samples: list[Sample]) -> list[Sample]:
    """The first sample of each text."""
    return list({s.text.strip(): s for s in reversed(samples)}.values())[::-1]


def _pair(row: Example, best: Sample, worst: Sample) -> Preference:
    name = f"{row.id}#{best.id.rpartition('@')[2]}>{worst.id.rpartition('@')[2]}"
    return Preference(
        id=name, source=row.source, messages=row.messages[:-1], chosen=best.text, rejected=worst.text, margin=None,
        label_type="on-policy", family=row.family, rights=row.rights)
