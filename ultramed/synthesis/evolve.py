"""Self-evolution: questions made harder, round by round; the key of an evolved exam item is verified by solvers.

The methods follow the original's prompts (five for open questions, four for exam items) and are drawn by seed.
"""

from dataclasses import dataclass, field, replace

from ultramed.curation.solve import solve
from ultramed.inference.ask.structured import find_object
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import EvolveSet, Params, SetName
from ultramed.prompts import Prompt, render
from ultramed.records import Instruction, Verdict, drop, keep, quarantine
from ultramed.rights import most_restrictive
from ultramed.seeds import draw, generator
from ultramed.synthesis.items import Draft, exam_item, first_usable, flaw, listed, made, open_question, tried
from ultramed.synthetic import SETS

EXAM_METHODS = (
    "add one more constraint or finding that has to be considered",
    "replace a general concept by a more specific one",
    "make the wrong options harder to tell from the right one",
    "require several steps of reasoning where one was enough",
)
OPEN_METHODS = (
    "add one more constraint or requirement",
    "replace a general concept by a more specific one",
    "require several steps of reasoning where one was enough",
    "deepen or broaden what is asked",
    "bring in concrete data or a case",
)


@dataclass
class Evolved:
    rows: list[Instruction] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)


def evolve(client: Client, name: SetName, parents: list[Instruction], params: Params) -> Evolved:
    """Run all rounds. Each attempt gets a verdict under the id that its row has, or would have had; a round starts
    from the rows that the last one kept."""
    rules, result = params.evolve.sets[name], Evolved()
    chosen = set(draw([p.id for p in parents], rules.parents, params.seed, "evolve", name))
    current = [p for p in parents if p.id in chosen]
    for number in range(1, rules.rounds + 1):
        drafts = _write(client, name, current, number, params, result)
        current = _verify(client, drafts, params, result)
        result.rows += current
    return result


def child_id(parent: Instruction, number: int) -> str:
    """`MedQA,9986` → `MedQA-Evol,9986-synthetic-4`; later rounds continue the family's numbering."""
    prefix, _, key = parent.id.partition(",")
    root = key.split("-synthetic-")[0]
    renamed = SETS.get(parent.source)  # rows evolved from a public source form a source of their own
    return f"{renamed.prefix if renamed else prefix},{root}-synthetic-{number}"


def _write(
    client: Client, name: SetName, parents: list[Instruction], number: int, params: Params, result: Evolved
) -> list[tuple[Instruction, Verdict]]:
    """The usable drafts of one round; verdicts on the others are added to the result."""
    rules = params.evolve.sets[name]
    jobs = [(p, v) for p in parents for v in range(rules.variants)]
    parent_of = dict(zip(_ids(jobs, number, rules), (p for p, _ in jobs), strict=True))
    drafts = first_usable(
        client, list(parent_of), lambda row_id, attempt: _request(parent_of[row_id], row_id, attempt, params),
        lambda answer: _draft(parent_of[answer.request.row_id], answer, client.settings.rights),
        params.evolve.tries, f"evolve {name}, round {number}",
    )
    result.verdicts += [verdict for row, verdict in drafts.values() if row is None]
    return [(row, verdict) for row, verdict in drafts.values() if row is not None]


def _ids(jobs: list[tuple[Instruction, int]], number: int, rules: EvolveSet) -> list[str]:
    """Numbering runs through a family: round 1 has 1 … v, round 2 the next v for each survivor of round 1."""
    ids = []
    for parent, variant in jobs:
        before = int(parent.id.rpartition("-synthetic-")[2]) if parent.round else 0
        first = 1 if number == 1 else rules.variants + (before - 1) * rules.variants + 1
        ids.append(child_id(parent, first + variant))
    return ids


def _request(parent: Instruction, row_id: str, attempt: int, params: Params) -> Request:
    settings = params.evolve
    exam = parent.key is not None
    method = generator(params.seed, "evolve", row_id).choice(EXAM_METHODS if exam else OPEN_METHODS)
    filling = {"method": method, "question": parent.prompt} | ({"key": parent.key} if exam else {})
    prompt = render("evolve-exam" if exam else "evolve-open", **filling)
    seed, step = tried(params.seed, "evolve", row_id, attempt)
    sampling = Sampling.of(settings, settings.max_tokens, seed)
    kind = exam_item(settings.max_tokens) if exam else open_question(settings.max_tokens)
    return Request(row_id, step, prompt, sampling, kind, rights=parent.rights)


def _draft(parent: Instruction, answer: Answer, model_rights: str) -> Draft:
    row_id = answer.request.row_id
    if not answer.ok:
        return None, quarantine(row_id, "evolve", answer.failure, answer.detail)
    written = answer.value
    options = listed(written.options) if parent.key else []
    if defect := flaw(written.question, options, parent.question, *_demonstrated(answer.request.prompt)):
        return None, drop(row_id, "evolve", *defect)
    row = made(parent, row_id, written.question, options, written.answer if parent.key else None)
    renamed = SETS.get(parent.source)
    source, rights = renamed.source if renamed else parent.source, most_restrictive(parent.rights, model_rights)
    return replace(row, source=source, rights=rights), keep(row_id, "evolve", "evolved")


def _demonstrated(prompt: Prompt) -> list[str]:
    """The questions of worked examples in a prompt, which a small model may return as its own."""
    replies = [find_object(text) for role, text in prompt.messages if role == "assistant"]
    return [str(reply["question"]) for reply in replies if reply and "question" in reply]


def _verify(
    client: Client, drafts: list[tuple[Instruction, Verdict]], params: Params, result: Evolved
) -> list[Instruction]:
    """Keep open questions, and exam items whose key enough solvers find. The solver is `evolve.model` too; a model
    that did not write the item would be better."""
    settings = params.evolve
    votes = solve(client, [d for d, _ in drafts if d.key], settings.verifiers, params.seed, "verify")
    kept = []
    for draft, verdict in drafts:
        agree = votes.get(draft.id, []).count(draft.key or "")
        reason = f"{agree} of {settings.verifiers} solvers found the key {draft.key}, {settings.agree} needed"
        if draft.key and agree < settings.agree:
            result.verdicts.append(drop(draft.id, "evolve", "key_unverified", verdict.reason + reason))
            continue
        kept.append(draft)
        result.verdicts.append(replace(verdict, reason=verdict.reason + (reason if draft.key else "open question")))
    return kept
