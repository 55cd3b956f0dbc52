"""Chain-of-thought completions: the teacher answers, the letter is checked against the key, a mismatch is retried
with examples retrieved from accepted answers, and keys that independent solvers contradict are set aside."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from ultramed.annotation.examples import nearest_others
from ultramed.curation.solve import solve, winner
from ultramed.exam import Reading, closes_on, explained, read_letter, reasoning
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Params
from ultramed.prompts import Prompt, render
from ultramed.records import Completion, Instruction, Verdict, drop, keep, quarantine
from ultramed.seeds import seed_of

STAGE = "complete"


@dataclass
class Completed:
    """Accepted completions, and one verdict for every instruction."""

    rows: list[Completion] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)


def complete(client: Client, instructions: list[Instruction], params: Params) -> Completed:
    """Answer every instruction. Verdict codes: accepted; key_mismatch (dropped); contested, contradicts, no_letter
    and the kinds of unusable reply (quarantined)."""
    done, waiting = Completed(), instructions
    for attempt in range(1, params.complete.attempts + 1):
        examples = _examples(done, instructions, waiting, params) if attempt > 1 else {}
        waiting = _attempt(client, waiting, examples, attempt, params, done)
    _contest(client, waiting, params, done)
    return done


def _attempt(
    client: Client, waiting: list[Instruction], examples: dict[str, list[dict[str, str]]], attempt: int,
    params: Params, done: Completed,
) -> list[Instruction]:
    """One attempt at each; returns the exam items whose answer missed the key."""
    requests = (_request(i, examples.get(i.id, []), attempt, params) for i in waiting)
    missed: list[Instruction] = []
    answers = client.ask(requests, f"complete, attempt {attempt}", len(waiting), truncated_ok=params.complete.cut)
    for instruction, answer in zip(waiting, answers, strict=True):
        completion, verdict = _check(instruction, answer, attempt, client.name, params.complete.keep_thinking)
        done.verdicts[instruction.id] = verdict
        if completion is not None:
            done.rows.append(completion)
        elif instruction.key is not None:
            missed.append(instruction)
    return missed


def _check(
    i: Instruction, answer: Answer, attempt: int, author: str, keep_thinking: bool = False
) -> tuple[Completion | None, Verdict]:
    """Accept or reject one answer. Formatted replies get the closing line that free-text ones must write."""
    if not answer.ok:
        return None, quarantine(i.id, STAGE, answer.failure, f"attempt {attempt}: {answer.detail}")
    text, body, read = _read(i, answer.value)
    if i.key and (rejected := _rejected(i, body, read, f"attempt {attempt}: ")):
        return None, rejected
    why = f"chose {read.letter}, which is the key" if i.key else "open question, answered"
    return Completion(
        id=f"{i.id}@{author}", instruction_id=i.id, author=author, reasoning=body, text=text, extracted=read.letter,
        attempts=attempt, request_key=answer.key, thinking=(answer.thinking or None) if keep_thinking else None
    ), keep(
        i.id, STAGE, "accepted", f"attempt {attempt}: {why}")


def _read(i: Instruction, value: Any) -> tuple[str, str, Reading]:
    """The whole answer, its reasoning, and the letter it settles on. `value`: text, or the type of `explained`."""
    if isinstance(value, BaseModel):
        given: Any = value
        text = f"{given.reasoning.strip()}\n\nSo, the answer is {given.answer}."
        return text, given.reasoning.strip(), Reading(given.answer, settled=(given.answer,))
    if not i.key:
        return value, value, Reading(None)
    return value, reasoning(value), read_letter(value, i.options)


def _rejected(i: Instruction, body: str, read: Reading, attempt: str) -> Verdict | None:
    """Why an exam answer is not accepted: it settles on no option or on two, its reasoning closes on another letter
    than its answer, or it misses the key."""
    if len(read.settled) > 1:
        both = " and on ".join(read.settled)
        return quarantine(i.id, STAGE, "contradicts", f"{attempt}the reply settles on {both}")
    if read.letter is None:
        return quarantine(i.id, STAGE, "no_letter", f"{attempt}the reply settles on no option")
    if (closing := closes_on(body, i.options)) not in (None, read.letter):
        reason = f"{attempt}the reasoning closes on {closing}, the answer is {read.letter}"
        return quarantine(i.id, STAGE, "contradicts", reason)
    if read.letter != i.key:
        return drop(i.id, STAGE, "key_mismatch", f"{attempt}chose {read.letter}, the key is {i.key}")
    return None


def _request(i: Instruction, examples: list[dict[str, str]], attempt: int, params: Params) -> Request:
    settings = params.complete
    kind = explained(len(i.options), settings.max_tokens) if i.key and settings.format == "json" else None
    prompt = _prompt(i, examples, kind is not None, settings.open_prompt)
    sampling = Sampling.of(settings, settings.max_tokens, seed_of(params.seed, STAGE, i.id, attempt))
    return Request(i.id, f"attempt-{attempt}", prompt, sampling, kind, rights=i.rights)


def _prompt(i: Instruction, examples: list[dict[str, str]], formatted: bool, open_prompt: str) -> Prompt:
    if i.key is None:
        prompt = render(open_prompt, question=i.prompt)
        turns = [(m.role, m.content) for m in i.messages[:-1] if m.role != "system"]
        return Prompt(prompt.name, prompt.hash, (*prompt.messages[:-1], *turns, prompt.messages[-1]))
    ending = "-json" if formatted else ""
    if examples:
        return render(f"complete-exam-examples{ending}", question=i.prompt, examples=examples)
    return render(f"complete-exam{ending}", question=i.prompt)


def _examples(
    done: Completed, instructions: list[Instruction], waiting: list[Instruction], params: Params
) -> dict[str, list[dict[str, str]]]:
    """For each waiting item, the accepted exam answers to the most similar questions of other families."""
    questions = {i.id: i for i in instructions}
    accepted = [c for c in done.rows if c.extracted is not None]
    if not accepted or not waiting or not params.complete.examples:
        return {}
    pool = [questions[c.instruction_id] for c in accepted]
    picks = nearest_others(waiting, pool, params.complete.examples, params.dedup)
    shown = [{"question": i.prompt, "answer": c.text} for i, c in zip(pool, accepted, strict=True)]
    return {i.id: [shown[n] for n in row] for i, row in zip(waiting, picks, strict=True)}


def _contest(client: Client, missed: list[Instruction], params: Params, done: Completed) -> None:
    """Set aside the items whose key independent solvers contradict."""
    solvers = params.complete.solvers
    if not missed or not solvers:
        return
    votes = solve(client, missed, solvers, params.seed, "contest")
    for item in missed:
        top = winner(votes.get(item.id, []))
        if top and top[0] != item.key and top[1] >= params.complete.contested:
            done.verdicts[item.id] = quarantine(
                item.id, STAGE, "contested", f"{top[1]} of {solvers} solvers chose {top[0]}, the key is {item.key}")
