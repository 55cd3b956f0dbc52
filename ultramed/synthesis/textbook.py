"""TextBookQA: one exam item from a textbook passage, with three exam items as demonstrations.

The passage is cited by id, hash and length; its text never becomes part of a row.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ultramed.curation.comparison import normalise
from ultramed.curation.solve import Panel
from ultramed.errors import SourceError
from ultramed.inference.client import Client
from ultramed.ledger.requests import Answer, Request, Sampling
from ultramed.params import Params
from ultramed.prompts import render
from ultramed.records import Draft, Instruction, drop, keep, quarantine
from ultramed.rights import most_restrictive
from ultramed.seeds import draw, generator, seed_of
from ultramed.synthesis.items import Outcome, dealt, exam_item, first_usable, flaw, listed, tried
from ultramed.synthesis.verification import Settled, settled, verify
from ultramed.synthetic import TEXTBOOKQA

STAGE = "textbook"
LEAST_EVIDENCE = 4  # words


@dataclass(frozen=True)
class Passage:
    id: str  # Anatomy_Gray_28
    text: str

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]


def passages(folder: Path) -> Iterator[Passage]:
    """Paragraphs in MedRAG's format: JSON lines {id, title, content, contents}, one file per book."""
    for book in sorted(folder.rglob("*.jsonl")):
        for number, line in enumerate(book.read_bytes().splitlines(), 1):  # bytes: texts may hold U+2028
            try:
                row = json.loads(line)
                yield Passage(row["id"], row["content"])
            except (ValueError, KeyError, TypeError) as error:
                raise SourceError(f"{book}:{number}", f"is not a paragraph {{id, title, content}}: {error}",
                                  "fix or remove the line, then `ultramed pin` the corpus") from None


def write_items(
    client: Client, panel: Panel, corpus: list[Passage], examples: list[Instruction], params: Params
) -> Settled:
    """One verified item per drawn passage; every drawn passage gets a verdict under the row's id."""
    settings = params.textbook
    chosen = set(draw([p.id for p in corpus], settings.paragraphs, params.seed, STAGE))
    drawn = {f"{TEXTBOOKQA.prefix},{p.id}": p for p in corpus if p.id in chosen}
    shown = {row_id: _demonstrations(p, examples, params) for row_id, p in drawn.items()}
    rights = most_restrictive(settings.rights, client.settings.rights)
    outcomes = first_usable(
        client, list(drawn), lambda row_id, number: _request(row_id, drawn[row_id], shown[row_id], number, params),
        lambda a: _read(drawn[a.request.row_id], shown[a.request.row_id], a, rights, params.seed),
        settings.tries, STAGE,
    )
    rows = [row for row, _ in outcomes.values() if row]
    checked = verify(panel, rows, params, STAGE, params.textbook.blind)
    empty = Draft(id="", parent=None, round=0, method="", new_words=None, growth=None, votes=0, for_key=0, against=0,
                  blind=None)
    return settled(outcomes, checked, {i: replace(empty, id=i) for i in outcomes}, params)


def _proves(evidence: str, passage: Passage) -> bool:
    """Whether the words that are said to prove the answer stand in the passage, and are more than a name."""
    words = normalise(evidence)
    return len(words.split()) >= LEAST_EVIDENCE and f" {words} " in f" {normalise(passage.text)} "


def _demonstrations(passage: Passage, examples: list[Instruction], params: Params) -> list[Instruction]:
    pool = sorted(examples, key=lambda e: e.id)
    count = min(params.textbook.demonstrations, len(pool))
    sets = params.textbook.demonstration_sets
    own = seed_of(params.seed, STAGE, "set", passage.id) % sets if sets else passage.id
    return generator(params.seed, STAGE, "examples", own).sample(pool, count)


def _request(row_id: str, passage: Passage, examples: list[Instruction], number: int, params: Params) -> Request:
    settings = params.textbook
    prompt = render("textbook", params.prompts, passage=passage.text, demonstrations=[_shown(e) for e in examples])
    seed, step = tried(params.seed, STAGE, passage.id, number)
    sampling = Sampling.of(settings, settings.max_tokens, seed)
    carried = most_restrictive(settings.rights, *(e.rights for e in examples))
    return Request(row_id, step, prompt, sampling, 
                   exam_item(settings.max_tokens, flagged=True, proven=params.prompts == "full"), rights=carried)


def _shown(example: Instruction) -> str:
    """An exam item in the form expected of the reply."""
    item = {"significant": True, "sufficient": True, "question": example.question,
            "options": {o.letter: o.text for o in example.options}, "answer": example.key}
    return json.dumps(item, ensure_ascii=False)


def _read(passage: Passage, examples: list[Instruction], answer: Answer, rights: str, seed: int) -> Outcome:
    row_id = answer.request.row_id
    if not answer.ok:
        return None, quarantine(row_id, STAGE, answer.failure, answer.detail)
    item = answer.value
    if not (item.significant and item.sufficient):
        code = "not_significant" if not item.significant else "not_sufficient"
        return None, drop(row_id, STAGE, code, f"the model calls passage {passage.id} {code.replace('_', ' ')}")
    options, proof = listed(item.options), getattr(item, "evidence", None)
    if proof is not None and not _proves(proof, passage):
        return None, drop(row_id, STAGE, "no_evidence", f"its evidence is not in passage {passage.id}: {proof[:80]}")
    if defect := flaw(item.question, options, *(e.question for e in examples)):
        return None, drop(row_id, STAGE, *defect)
    options, key = dealt(row_id, options, item.answer, seed)
    row = TEXTBOOKQA.instruction(
        row_id, item.question.strip(), rights=rights, options=options, key=key,
        origin=f"textbook passage {passage.id}, sha256 {passage.hash}, characters 0-{len(passage.text)}")
    return row, keep(row_id, STAGE, "written", f"from passage {passage.id}")
