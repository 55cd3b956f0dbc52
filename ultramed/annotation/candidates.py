"""Candidates: one answer per pool member to each chosen instruction, for the judge to compare."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from ultramed.exam import chosen_letter, reasoning
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Member, Params
from ultramed.prompts import Prompt, render
from ultramed.records import Completion, Instruction, Verdict, drop, keep, quarantine
from ultramed.seeds import seed_of


def choose(
    instructions: Iterable[Instruction], contested: set[str], scores: dict[str, float], params: Params
) -> list[Instruction]:
    """The instructions that get candidates: the highest-scored ones, taken from the sources in turn, never one with a
    contested key. All others if `candidates.prompts` is null."""
    by_source: dict[str, list[Instruction]] = defaultdict(list)
    for instruction in instructions:
        if instruction.id not in contested:
            by_source[instruction.source].append(instruction)
    queues = [sorted(rows, key=lambda i: (-scores[i.id], i.id)) for _, rows in sorted(by_source.items())]
    longest = max(map(len, queues), default=0)
    turns = [queue[n] for n in range(longest) for queue in queues if n < len(queue)]
    return turns[: params.candidates.prompts]


def sample(
    client: Client, name: str, member: Member, instructions: list[Instruction], params: Params
) -> Iterator[tuple[Completion | None, Verdict]]:
    """A pool member's answers, in order. Text cut by the token limit is a candidate only if `complete.cut` is set."""
    requests = (_request(i, name, member, params.seed) for i in instructions)
    answers = client.ask(requests, f"candidates, {name}", len(instructions), truncated_ok=params.complete.cut)
    for instruction, answer in zip(instructions, answers, strict=True):
        yield _read(instruction, name, answer)


def from_source(name: str, instructions: list[Instruction]) -> Iterator[tuple[Completion | None, Verdict]]:
    """The rows' own answers as candidates, None for rows without one."""
    for i in instructions:
        text = f"{i.reference}\n\nSo, the answer is {i.key}." if i.key and i.reference else i.reference
        if not text:
            yield None, drop(i.id, f"candidates@{name}", "no_reference", "the row came without an answer")
            continue
        candidate = Completion(
            id=f"{i.id}@{name}", instruction_id=i.id, author=name, reasoning=i.reference or "", text=text,
            extracted=i.key, attempts=1, request_key=None
        )
        yield candidate, keep(i.id, f"candidates@{name}", "sampled", "the row's own answer")


def _request(i: Instruction, name: str, member: Member, seed: int) -> Request:
    prompt = render(member.prompt, question=i.prompt)
    turns = [(m.role, m.content) for m in i.messages[:-1] if m.role != "system"]
    prompt = Prompt(prompt.name, prompt.hash, (*prompt.messages[:-1], *turns, prompt.messages[-1]))
    sampling = Sampling.of(member, member.max_tokens, seed_of(seed, "candidates", name, i.id))
    return Request(i.id, "candidate", prompt, sampling, rights=i.rights)


def _read(i: Instruction, name: str, answer: Answer) -> tuple[Completion | None, Verdict]:
    stage = f"candidates@{name}"
    if not answer.ok:
        return None, quarantine(i.id, stage, answer.failure, answer.detail)
    text = answer.value
    letter = chosen_letter(text, i.options) if i.options else None
    body = reasoning(text) if letter else text
    return Completion(
        id=f"{i.id}@{name}", instruction_id=i.id, author=name, reasoning=body, text=text, extracted=letter, attempts=1,
        request_key=answer.key
    ), keep(
        i.id, stage, "sampled", f"{answer.reply.completion_tokens if answer.reply else 0} tokens")
