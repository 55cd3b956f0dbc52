"""Answers of a policy read as predictions: greedy ones, and what several samples agree on or a reward model prefers."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from ultramed.evaluation.tasks import draws, greedy, prompt, requests
from ultramed.exam import chosen_letter
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer
from ultramed.params import Ensemble, Evaluate
from ultramed.records import BenchmarkItem, Prediction

Rewards = Callable[[list[list[dict[str, str]]]], list[float]]
Tasks = dict[str, list[BenchmarkItem]]
Read = tuple[str | None, str, str]  # letter, outcome, text
Samples = dict[str, list[Read]]  # by item


def answer_once(client: Client, tasks: Tasks, plan: Evaluate) -> Iterator[Prediction]:
    """One greedy answer an item."""
    items = [item for found in tasks.values() for item in found]
    names = {item.id: task for task, found in tasks.items() for item in found}
    answers = client.ask(requests(items, plan, greedy(plan)), f"evaluate {client.name}", len(items), truncated_ok=True)
    for item, answer in zip(items, answers, strict=True):
        yield _prediction(item, names[item.id], client.name, "greedy", *read(item, answer))


def sample_often(client: Client, tasks: Tasks, plan: Evaluate, ensemble: Ensemble, seed: int) -> Samples:
    """Several answers an item, in the order of their seeds."""
    known = {item.id: item for found in tasks.values() for item in found}
    asked = requests(known.values(), plan, draws(plan, ensemble.samples, ensemble.temperature, ensemble.top_p, seed))
    samples: Samples = {item: [] for item in known}
    for answer in client.ask(asked, f"sample {client.name}", len(asked), truncated_ok=True):
        samples[answer.request.row_id].append(read(known[answer.request.row_id], answer))
    return samples


def choose(policy: str, tasks: Tasks, samples: Samples, form: str, rewards: Rewards) -> Iterator[Prediction]:
    """Two predictions an item from the same samples: self-consistency and best-of-N. A reply without text is chosen by
    the latter only where no other is there."""
    items = [item for found in tasks.values() for item in found]
    names = {item.id: task for task, found in tasks.items() for item in found}
    liked = _rewarded(items, samples, form, rewards)
    for item in items:
        found = samples[item.id]
        yield _prediction(item, names[item.id], policy, "self-consistency", *majority(found))
        best = max(range(len(found)), key=lambda n: (bool(found[n][2]), liked[item.id][n], -n))
        yield _prediction(item, names[item.id], policy, "best-of-n", *found[best])


def read(item: BenchmarkItem, answer: Answer) -> Read:
    """What an answer says; one that was cut before it chose is truncated, in either form."""
    cut = answer.reply is not None and answer.reply.finish_reason == "length"
    unread = "truncated" if cut else "unreadable"
    if not answer.ok:
        return None, unread if answer.failure in ("unreadable", "invalid") else answer.failure, answer.text
    if not isinstance(answer.value, str):
        return answer.value.answer, "answered", answer.text
    letter = chosen_letter(answer.value, [o.letter for o in item.options])
    return letter, "answered" if letter else unread, answer.value


def majority(samples: Iterable[Read]) -> Read:
    """The first answer with the letter that most samples chose; of letters alike, the one chosen first. Where none
    chose, the first answer."""
    found = list(samples)
    votes = Counter(letter for letter, _, _ in found if letter)
    if not votes:
        return found[0]
    winner = votes.most_common(1)[0][0]
    return next(s for s in found if s[0] == winner)


def _rewarded(
    items: list[BenchmarkItem], samples: Samples, form: str, rewards: Rewards
) -> dict[str, list[float]]:
    dialogues = [[*({"role": role, "content": text} for role, text in prompt(item, form).messages),
                  {"role": "assistant", "content": text}] for item in items for _, _, text in samples[item.id]]
    values = iter(rewards(dialogues))
    return {item.id: [next(values) for _ in samples[item.id]] for item in items}


def _prediction(
    item: BenchmarkItem, task: str, policy: str, mode: str, letter: str | None, outcome: str, text: str
) -> Prediction:
    return Prediction(f"{item.id}@{policy}", item.id, task, policy, mode, item.key, letter, outcome, text)
