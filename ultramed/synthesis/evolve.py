"""Self-evolution: questions made harder, round by round.

A draft must add something to its relatives and keep to the growth asked for before anyone is paid to verify it; the key
of an evolved exam item is then verified by solvers. The methods are the original's (five for open questions, four for
exam items); one is drawn by seed, or the author chooses among those that fit.
"""

from collections import defaultdict
from dataclasses import replace

from ultramed.curation.novelty import Novelty, growth, least_novelty
from ultramed.curation.solve import Panel
from ultramed.inference.ask.structured import find_object
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import EvolveSet, Params, SetName
from ultramed.prompts import Prompt, render
from ultramed.records import Draft, Instruction, Verdict, drop, keep, quarantine
from ultramed.rights import most_restrictive
from ultramed.seeds import draw, generator
from ultramed.synthesis.items import Outcome, dealt, exam_item, first_usable, flaw, listed, made, open_question, tried
from ultramed.synthesis.verification import Settled, settled, verify
from ultramed.synthetic import SETS

EXAM_METHODS = {  # short name → what the author is told
    "constraint": "add one more constraint or finding that has to be considered",
    "specific": "replace a general concept by a more specific one",
    "distractors": "make the wrong options harder to tell from the right one, and give the question the finding that "
                   "decides between them",
    "steps": "require several steps of reasoning where one was enough",
}
OPEN_METHODS = {
    "constraint": "add one more constraint or requirement",
    "specific": "replace a general concept by a more specific one",
    "steps": "require several steps of reasoning where one was enough",
    "deepen": "deepen or broaden what is asked",
    "data": "bring in concrete data or a case",
}


def evolve(client: Client, panel: Panel, name: SetName, parents: list[Instruction], params: Params) -> Settled:
    """Run all rounds. Each attempt gets a verdict under the id that its row has, or would have had; a round starts
    from the rows that the last one kept."""
    rules = params.evolve.sets[name]
    chosen = set(draw([p.id for p in parents], rules.parents, params.seed, "evolve", name))
    current = [p for p in parents if p.id in chosen]
    work = _Evolution(client, panel, params, name, current)
    for number in range(1, rules.rounds + 1):
        current = work.round(current, number)
    return work.result


def child_id(parent: Instruction, number: int) -> str:
    """`MedQA,9986` → `MedQA-Evol,9986-synthetic-4`; later rounds continue the family's numbering."""
    prefix, _, key = parent.id.partition(",")
    root = key.split("-synthetic-")[0]
    renamed = SETS.get(parent.source)  # rows evolved from a public source form a source of their own
    return f"{renamed.prefix if renamed else prefix},{root}-synthetic-{number}"


class _Evolution:
    """The rounds of one set."""

    def __init__(
        self, client: Client, panel: Panel, params: Params, name: SetName, parents: list[Instruction]
    ) -> None:
        self.client, self.panel, self.params, self.rules = client, panel, params, params.evolve.sets[name]
        self.what, self.result = f"evolve {name}", Settled()
        self._relatives: dict[str, list[Instruction]] = defaultdict(list)  # by family: parents and usable drafts
        self._drafts: dict[str, Draft] = {}
        for parent in parents:
            self._relatives[parent.family].append(parent)

    def round(self, parents: list[Instruction], number: int) -> list[Instruction]:
        """One round: usable drafts, verified. Returns the rows kept."""
        jobs = [(p, v) for p in parents for v in range(self.rules.variants)]
        parent_of = dict(zip(_ids(jobs, number, self.rules), (p for p, _ in jobs), strict=True))
        outcomes = first_usable(
            self.client, list(parent_of), lambda row_id, attempt: self._request(parent_of[row_id], row_id, attempt),
            lambda answer: self._read(parent_of[answer.request.row_id], answer), self.params.evolve.tries,
            f"{self.what}, round {number}",
        )
        rows = [row for row, _ in outcomes.values() if row is not None]
        drafts = {row_id: self._drafts.get(row_id) or _unread(row_id, parent_of[row_id]) for row_id in outcomes}
        found = settled(outcomes, verify(self.panel, rows, self.params, "evolve"), drafts, self.params)
        self.result.rows += found.rows
        self.result.verdicts += found.verdicts
        self.result.drafts += found.drafts
        return found.rows

    def _request(self, parent: Instruction, row_id: str, attempt: int) -> Request:
        settings, methods = self.params.evolve, _methods(parent)
        names = tuple(methods) if settings.method == "chosen" else ()
        told = [f"{n}: {method}" for n, method in methods.items()] if names else [methods[self._drawn(parent, row_id)]]
        filling: dict[str, object] = {"question": parent.prompt, "growth": settings.growth, "methods": told}
        filling |= {"key": parent.key} if parent.key else {}
        prompt = render("evolve-exam" if parent.key else "evolve-open", self.params.prompts, **filling)
        seed, step = tried(self.params.seed, "evolve", row_id, attempt)
        sampling = Sampling.of(settings, settings.max_tokens, seed)
        kind = (exam_item(settings.max_tokens, methods=names) if parent.key
                else open_question(settings.max_tokens, names))
        return Request(row_id, step, prompt, sampling, kind, rights=parent.rights)

    def _drawn(self, parent: Instruction, row_id: str) -> str:
        return generator(self.params.seed, "evolve", row_id).choice(list(_methods(parent)))

    def _read(self, parent: Instruction, answer: Answer) -> Outcome:
        row_id = answer.request.row_id
        self._drafts.pop(row_id, None)
        if not answer.ok:
            return None, quarantine(row_id, "evolve", answer.failure, answer.detail)
        written = answer.value
        options = listed(written.options) if parent.key else []
        method = getattr(written, "method", None) or self._drawn(parent, row_id)
        self._drafts[row_id] = draft = replace(_unread(row_id, parent), method=method)
        if defect := flaw(written.question, options, parent.question, *_demonstrated(answer.request.prompt)):
            return None, drop(row_id, "evolve", *defect)
        options, key = dealt(row_id, options, written.answer, self.params.seed) if parent.key else ([], None)
        row = made(parent, row_id, written.question, options, key)
        relatives = self._relatives[row.family]
        grown, added = growth(row, parent), least_novelty(row, relatives)
        self._drafts[row_id] = replace(draft, growth=grown, new_words=len(added.words) if added else None)
        if verdict := self._refused(row_id, grown, added, parent):
            return None, verdict
        renamed = SETS.get(parent.source)
        rights = most_restrictive(parent.rights, self.client.settings.rights)
        row = replace(row, source=renamed.source if renamed else parent.source, rights=rights)
        relatives.append(row)
        words = ", ".join(added.words[:5]) if added else ""
        return row, keep(row_id, "evolve", "evolved", f"{method}{f': {words}' if words else ''}")

    def _refused(self, row_id: str, grown: int, added: Novelty | None, parent: Instruction) -> Verdict | None:
        """A draft that costs its verification for nothing."""
        limit = self.params.evolve.growth
        if grown > limit:
            return drop(row_id, "evolve", "grown_too_long",
                        f"{grown} words longer than {parent.id}; evolve.growth is {limit}")
        if added and not added.enough:
            code = "nothing_new" if added.of == parent.id else "repeats_relative"
            return drop(row_id, "evolve", code, added.reason)
        return None


def _ids(jobs: list[tuple[Instruction, int]], number: int, rules: EvolveSet) -> list[str]:
    """Numbering runs through a family: round 1 has 1 … v, round 2 the next v for each survivor of round 1."""
    ids = []
    for parent, variant in jobs:
        before = int(parent.id.rpartition("-synthetic-")[2]) if parent.round else 0
        first = 1 if number == 1 else rules.variants + (before - 1) * rules.variants + 1
        ids.append(child_id(parent, first + variant))
    return ids


def _methods(parent: Instruction) -> dict[str, str]:
    return EXAM_METHODS if parent.key else OPEN_METHODS


def _unread(row_id: str, parent: Instruction) -> Draft:
    return Draft(id=row_id, parent=parent.id, round=parent.round + 1, method="", new_words=None, growth=None, votes=0,
                 for_key=0, against=0, blind=None)


def _demonstrated(prompt: Prompt) -> list[str]:
    """The questions of worked examples in a prompt, which a small model may return as its own."""
    replies = [find_object(text) for role, text in prompt.messages if role == "assistant"]
    return [str(reply["question"]) for reply in replies if reply and "question" in reply]
