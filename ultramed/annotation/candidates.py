"""Candidates: one answer per pool member to each chosen instruction, for the judge to compare."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from ultramed.exam import chosen_letter, reasoning
from ultramed.inference.client import Client
from ultramed.inference.finish import ending
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Member, Params
from ultramed.prompts import Prompt, render
from ultramed.records import Completion, Instruction, Verdict, drop, keep, quarantine
from ultramed.seeds import seed_of

ROOM = 2  # how many times the tokens an answer may have if it is asked for again
MOST_CUT = 0.05  # share of a member's answers that may be cut without a warning


def choose(
    instructions: Iterable[Instruction], contested: set[str], scores: dict[str, float], params: Params
) -> list[Instruction]:
    """The instructions that get candidates: the highest-scored ones, equal scores by hash, never one with a contested
    key. `candidates.prompts` limits them, taken from the sources in turn, or each source if it names them."""
    by_source: dict[str, list[Instruction]] = defaultdict(list)
    for instruction in instructions:
        if instruction.id not in contested:
            by_source[instruction.source].append(instruction)
    limit = params.candidates.prompts
    queues = [sorted(rows, key=lambda i: (-scores[i.id], seed_of(params.seed, "candidates", i.id)))
              for _, rows in sorted(by_source.items())]
    if isinstance(limit, dict):
        queues = [queue[: limit.get(queue[0].source, 0)] for queue in queues]
    longest = max(map(len, queues), default=0)
    turns = [queue[n] for n in range(longest) for queue in queues if n < len(queue)]
    return turns[:limit] if isinstance(limit, int) else turns


def sample(
    client: Client, name: str, member: Member, instructions: list[Instruction], params: Params
) -> Iterator[tuple[Completion | None, Verdict]]:
    """A pool member's answers, in order. `candidates.cut` says what becomes of those that the token limit cut."""
    rule, what = params.candidates.cut, f"candidates, {name}"
    requests = (_request(i, name, member, params.seed) for i in instructions)
    answers: Iterable[Answer] = client.ask(requests, what, len(instructions), truncated_ok=rule != "drop")
    if rule == "again":
        answers = list(answers)
        short = [i for i, answer in zip(instructions, answers, strict=True) if _cut(answer)]
        again = (_request(i, name, member, params.seed, ROOM) for i in short)
        longer = dict(zip([i.id for i in short], client.ask(again, f"{what}, again", len(short), truncated_ok=True),
                          strict=True))
        answers = [better if (better := longer.get(a.request.row_id)) and better.ok else a for a in answers]
    for instruction, answer in zip(instructions, answers, strict=True):
        yield _read(instruction, name, answer)


def warning(name: str, member: Member, read: Sequence[tuple[Completion | None, Verdict]], params: Params) -> str:
    """A line on a member more of whose answers were cut than `MOST_CUT`; "" for any other."""
    cut = sum(answer.cut if answer else verdict.code == "truncated" for answer, verdict in read)
    if cut <= MOST_CUT * len(read):
        return ""
    room = member.max_tokens * (ROOM if params.candidates.cut == "again" else 1)
    return (f"WARNING candidates, {name}: {cut} of {len(read)} answers were cut after {room} tokens; raise "
            f"candidates.pool.{name}.max_tokens, or this member loses by its limit")


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


def _request(i: Instruction, name: str, member: Member, seed: int, room: int = 1) -> Request:
    prompt = render(member.prompt, question=i.prompt)
    turns = [(m.role, m.content) for m in i.messages[:-1] if m.role != "system"]
    prompt = Prompt(prompt.name, prompt.hash, (*prompt.messages[:-1], *turns, prompt.messages[-1]))
    sampling = Sampling.of(member, member.max_tokens * room, seed_of(seed, "candidates", name, i.id))
    return Request(i.id, "candidate" if room == 1 else "candidate-again", prompt, sampling, rights=i.rights)


def _cut(answer: Answer) -> bool:
    """Whether the token limit cut the reply."""
    return answer.reply is not None and ending(answer.reply.finish_reason) == "truncated"


def _read(i: Instruction, name: str, answer: Answer) -> tuple[Completion | None, Verdict]:
    stage = f"candidates@{name}"
    if not answer.ok:
        return None, quarantine(i.id, stage, answer.failure, answer.detail)
    text = answer.value
    letter = chosen_letter(text, i.options) if i.options else None
    body = reasoning(text) if letter else text
    return Completion(
        id=f"{i.id}@{name}", instruction_id=i.id, author=name, reasoning=body, text=text, extracted=letter, attempts=1,
        request_key=answer.key, cut=_cut(answer)
    ), keep(
        i.id, stage, "sampled", f"{answer.reply.completion_tokens if answer.reply else 0} tokens")
