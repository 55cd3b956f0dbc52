"""Chain-of-thought completions: the teacher answers, the letter is checked against the key, what missed it is tried
again with examples retrieved from accepted answers, and keys that independent solvers contradict are set aside.

The share of a teacher's answers that reach the key is the item's difficulty by solver, `pass_rate`.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from ultramed.annotation.examples import nearest_others
from ultramed.curation.solve import Panel, winner
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


def complete(client: Client, panel: Panel, instructions: list[Instruction], params: Params) -> Completed:
    """Answer every instruction. Verdict codes: accepted; key_mismatch, low_pass_rate, high_pass_rate (dropped);
    contested, contradicts, no_letter, reasoning_elsewhere and the kinds of unusable reply (quarantined)."""
    work = _Completion(client, panel, params)
    waiting = instructions
    for number in range(1, params.complete.attempts + 1):
        examples = work.examples(instructions, waiting) if number > 1 else {}
        waiting = work.attempt(waiting, examples, number)
    work.contest([i for i in waiting if i.key is not None])
    work.rate()
    work.done.verdicts = {i.id: work.done.verdicts[i.id] for i in instructions}
    return work.done


class _Completion:
    """The attempts at all instructions."""

    def __init__(self, client: Client, panel: Panel, params: Params) -> None:
        self.client, self.panel, self.params, self.settings = client, panel, params, params.complete
        self.done = Completed()
        self._answered: Counter[str] = Counter()  # readable answers by instruction
        self._right: Counter[str] = Counter()

    def attempt(
        self, waiting: list[Instruction], examples: dict[str, list[dict[str, str]]], number: int
    ) -> list[Instruction]:
        """One attempt at each; returns those without an accepted answer."""
        asked = [(i, n) for i in waiting for n in range(self._samples(i, number))]
        requests = (_request(i, examples.get(i.id, []), number, n, self.params) for i, n in asked)
        answers = self.client.ask(requests, f"complete, attempt {number}", len(asked), truncated_ok=self.settings.cut)
        right: dict[str, list[tuple[Completion, Verdict]]] = defaultdict(list)
        for (instruction, _), answer in zip(asked, answers, strict=True):
            completion, verdict = _check(
                instruction, answer, number, self.client.name, self.settings.keep_thinking)
            self._answered[instruction.id] += answer.ok
            if completion is not None:
                self._right[instruction.id] += 1
                right[instruction.id].append((completion, verdict))
            elif not right[instruction.id]:
                self.done.verdicts[instruction.id] = verdict
        self._accept([i for i in waiting if right[i.id]], right, number)
        return [i for i in waiting if not right[i.id]]

    def _samples(self, instruction: Instruction, number: int) -> int:
        return self.settings.samples if instruction.key is not None and number == 1 else 1

    def _accept(
        self, items: list[Instruction], right: dict[str, list[tuple[Completion, Verdict]]], number: int
    ) -> None:
        """Accept for each item the first right answer, whose reasoning must lead to the key if params say so."""
        if self.settings.check_reasoning:
            keyed = [i for i in items if i.key is not None]
            shown = {i.id: right[i.id][0][0] for i in keyed}
            for _ in range(self.settings.samples):
                read = self.panel.read(keyed, {i: c.reasoning for i, c in shown.items()}, f"read-{number}")
                keyed = [i for i in keyed if read[i.id] != i.key]
                for i in keyed:
                    self.done.verdicts[i.id] = quarantine(
                        i.id, STAGE, "reasoning_elsewhere", f"attempt {number}: a reader of the reasoning reached "
                        f"{read[i.id] or 'no option'}, the key is {i.key}")
                    right[i.id].pop(0)
                keyed = [i for i in keyed if right[i.id]]
                shown = {i.id: right[i.id][0][0] for i in keyed}
                if not keyed:
                    break
        for i in items:
            if right[i.id]:
                completion, self.done.verdicts[i.id] = right[i.id][0]
                self.done.rows.append(completion)

    def examples(
        self, instructions: list[Instruction], waiting: list[Instruction]
    ) -> dict[str, list[dict[str, str]]]:
        """For each waiting exam item, the accepted answers to the most similar questions of other families."""
        questions = {i.id: i for i in instructions}
        accepted = [c for c in self.done.rows if c.extracted is not None]
        missed = [i for i in waiting if i.key is not None]
        if not accepted or not missed or not self.settings.examples:
            return {}
        pool = [questions[c.instruction_id] for c in accepted]
        picks = nearest_others(missed, pool, self.settings.examples, self.params.dedup)
        shown = [{"question": i.prompt, "answer": c.text} for i, c in zip(pool, accepted, strict=True)]
        return {i.id: [shown[n] for n in row] for i, row in zip(missed, picks, strict=True)}

    def contest(self, missed: list[Instruction]) -> None:
        """Set aside the items whose key independent solvers contradict."""
        solvers = self.settings.solvers
        missed = [i for i in missed if not self._right[i.id]]  # a right answer, however reasoned, speaks for the key
        if not missed or not solvers:
            return
        votes = self.panel.solve(missed, solvers, "contest")
        for item in missed:
            top = winner(votes[item.id].letters)
            if top and top[0] != item.key and top[1] >= self.settings.contested:
                self.done.verdicts[item.id] = quarantine(
                    item.id, STAGE, "contested", f"{top[1]} of {solvers} solvers chose {top[0]}, the key is {item.key}")

    def rate(self) -> None:
        """Note on each completion which share of the answers reached the key; drop those beyond the limits."""
        rows, self.done.rows = self.done.rows, []
        for row in rows:
            if row.extracted is None:
                self.done.rows.append(row)
                continue
            i = row.instruction_id
            rate = round(self._right[i] / self._answered[i], 4)
            told = f"{self._right[i]} of {self._answered[i]} answers reached the key"
            verdict = self.done.verdicts[i]
            if rate < self.settings.least_pass_rate:
                limit = f"complete.least_pass_rate is {self.settings.least_pass_rate:g}"
                self.done.verdicts[i] = drop(i, STAGE, "low_pass_rate", f"{told}; {limit}")
            elif rate > self.settings.most_pass_rate:
                limit = f"complete.most_pass_rate is {self.settings.most_pass_rate:g}"
                self.done.verdicts[i] = drop(i, STAGE, "high_pass_rate", f"{told}; {limit}")
            else:
                more = f"; {told}" if self._answered[i] > 1 else ""
                self.done.verdicts[i] = replace(verdict, reason=verdict.reason + more)
                self.done.rows.append(replace(row, pass_rate=rate))


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


def _request(
    i: Instruction, examples: list[dict[str, str]], attempt: int, sample: int, params: Params
) -> Request:
    settings = params.complete
    kind = explained(len(i.options), settings.max_tokens) if i.key and settings.format == "json" else None
    prompt = _prompt(i, examples, kind is not None, settings.open_prompt)
    seed = seed_of(params.seed, STAGE, i.id, attempt, *([sample] if sample else []))
    return Request(i.id, f"attempt-{attempt}", prompt, Sampling.of(settings, settings.max_tokens, seed), kind, sample,
                   i.rights)


def _prompt(i: Instruction, examples: list[dict[str, str]], formatted: bool, open_prompt: str) -> Prompt:
    if i.key is None:
        prompt = render(open_prompt, question=i.prompt)
        turns = [(m.role, m.content) for m in i.messages[:-1] if m.role != "system"]
        return Prompt(prompt.name, prompt.hash, (*prompt.messages[:-1], *turns, prompt.messages[-1]))
    ending = "-json" if formatted else ""
    if examples:
        return render(f"complete-exam-examples{ending}", question=i.prompt, examples=examples)
    return render(f"complete-exam{ending}", question=i.prompt)
