"""Predictions from a policy's answers: greedy, self-consistency and best-of-N."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ultramed.evaluation.tasks import Judge, Read, Task, draws, greedy, requests
from ultramed.inference.client import Client, connect
from ultramed.ledger.requests import Answer, Request
from ultramed.params import Ensemble, Evaluate, Params
from ultramed.records import AnswerOutcome, BenchmarkItem, Mode, Prediction, Use

Rewards = Callable[[list[list[dict[str, str]]]], list[float]]
Samples = dict[str, list[Read]]  # by item


@dataclass
class JudgeModel:
    """The judge named in params, for task kinds that need one; connects when it is first asked."""

    stage: str
    settings: Params
    manifest: list[Use] = field(default_factory=list)

    def __call__(self, asked: list[Request]) -> list[Answer]:
        with connect(self.settings.judge.model, self.stage, self.settings) as client:
            answers = list(client.ask(asked, f"grade {self.stage}", len(asked)))
        self.manifest += client.manifest
        return answers


def answer_once(client: Client, tasks: list[Task], plan: Evaluate) -> Samples:
    """One greedy answer per item."""
    return _ask(client, tasks, [r for task in tasks for r in requests(task, plan, greedy(plan))], "evaluate")


def sample_often(client: Client, tasks: list[Task], plan: Evaluate, ensemble: Ensemble, seed: int) -> Samples:
    """Several answers per item, in the order of their seeds."""
    sampling = draws(plan, ensemble, seed)
    return _ask(client, tasks, [r for task in tasks for r in requests(task, plan, sampling)], "sample")


def predictions(policy: str, tasks: list[Task], samples: Samples, judge: Judge) -> list[Prediction]:
    """One prediction per item, from its first answer."""
    chosen: dict[Mode, dict[str, Read]] = {"greedy": {item: said[0] for item, said in samples.items()}}
    return [p for task in tasks for p in _graded(task, policy, chosen, judge)]


def choose(
    policy: str, tasks: list[Task], samples: Samples, form: str, rewards: Rewards, judge: Judge
) -> list[Prediction]:
    """Two predictions per item from the same samples: self-consistency and best-of-N. Best-of-N picks an empty reply
    only if all are empty."""
    liked = _rewarded(tasks, samples, form, rewards)
    best = {item: max(range(len(said)), key=lambda n: (bool(said[n].text), liked[item][n], -n))
            for item, said in samples.items()}
    chosen: dict[Mode, dict[str, Read]] = {
        "self-consistency": {item: majority(said) for item, said in samples.items()},
        "best-of-n": {item: said[best[item]] for item, said in samples.items()}}
    return [p for task in tasks for p in _graded(task, policy, chosen, judge)]


def read(task: Task, item: BenchmarkItem, answer: Answer) -> Read:
    """What an answer says; one cut off before it chose is truncated, in either format."""
    cut = answer.reply is not None and answer.reply.finish_reason == "length"
    unread: AnswerOutcome = "truncated" if cut else "unreadable"
    if not answer.ok:
        failure = unread if answer.failure in ("unreadable", "invalid") else answer.failure
        return Read(None, failure, answer.text)  # type: ignore[arg-type]  # the endpoint's failures are outcomes
    return task.kind.read(item, answer, Read(None, unread, answer.text))


def majority(samples: Iterable[Read]) -> Read:
    """The first answer with the letter that most samples chose; ties go to the letter chosen first. If none chose, the
    first answer."""
    said = list(samples)
    votes = Counter(letter for letter, _, _ in said if letter)
    if not votes:
        return said[0]
    winner = votes.most_common(1)[0][0]
    return next(s for s in said if s.letter == winner)


def _ask(client: Client, tasks: list[Task], asked: list[Request], what: str) -> Samples:
    known = {item.id: (task, item) for task in tasks for item in task.items}
    samples: Samples = {item: [] for item in known}
    for answer in client.ask(asked, f"{what} {client.name}", len(asked), truncated_ok=True, unusable_ok=True):
        samples[answer.request.row_id].append(read(*known[answer.request.row_id], answer))
    return samples


def _graded(
    task: Task, policy: str, chosen: dict[Mode, dict[str, Read]], judge: Judge
) -> Iterator[Prediction]:
    answered = [(item, mode, by_item[item.id]) for item in task.items for mode, by_item in chosen.items()]
    right = task.kind.grade([(item, said) for item, _, said in answered], judge)
    for (item, mode, said), correct in zip(answered, right, strict=True):
        yield Prediction(id=f"{item.id}@{policy}", item_id=item.id, task=task.name, policy=policy, mode=mode,
                         key=item.key, letter=said.letter, outcome=said.outcome, text=said.text, correct=correct)


def _rewarded(tasks: list[Task], samples: Samples, form: str, rewards: Rewards) -> dict[str, list[float]]:
    dialogues = [[*({"role": role, "content": text} for role, text in task.kind.prompt(item, form).messages),
                  {"role": "assistant", "content": said.text}]
                 for task in tasks for item in task.items for said in samples[item.id]]
    values = iter(rewards(dialogues))
    return {item.id: [next(values) for _ in samples[item.id]] for task in tasks for item in task.items}
