"""The data half of the small world: from collected rows to releases."""

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

from world import MEMBERS, World

from ultramed.records import (
    Assignment,
    Completion,
    Draft,
    Feedback,
    Instruction,
    Message,
    Option,
    Pair,
    Record,
    Score,
    Use,
    Verdict,
    drop,
    keep,
    quarantine,
)

TOPICS = {
    "heart": "atrial fibrillation ventricle myocardial infarction troponin ECG chest pain coronary valve murmur",
    "kidney": "glomerular filtration creatinine nephron proteinuria dialysis renal tubule potassium urine output",
    "lung": "asthma bronchodilator spirometry pneumonia sputum oxygen saturation alveolar wheeze inhaler cough",
    "gene": "mutation autosomal recessive chromosome inheritance carrier exon sequencing allele pedigree mosaic",
}


class DataMaker:
    """Makes the artifacts of the data half in order, one per method."""

    def __init__(self, world: World, rng: random.Random, size: int) -> None:
        self.world, self.rng, self.size, self.serial = world, rng, size, 0
        self.kept: list[Instruction] = []

    def question(self, source: str) -> str:
        self.serial += 1
        words = TOPICS[self.rng.choice(list(TOPICS))].split()
        picked = [self.rng.choice(words) for _ in range(self.rng.randint(8, 45))]
        return f"Case {self.serial} of {source}: {' '.join(picked)}. Which finding explains it best?"

    def item(self, row_id: str, source: str, category: str, kind: str, rights: str, **given: Any) -> Instruction:
        letters = {"exam": "ABCD", "literature": "ABC", "open": ""}[category]
        options = [Option(c, f"{self.rng.choice(['yes', 'no', 'a sign'])} {c} {self.serial}") for c in letters]
        values: dict[str, Any] = {
            "synthetic": False, "messages": [Message("user", self.question(source))], "options": options,
            "key": self.rng.choice(letters) if letters else None,
            "reference": "It depends on the findings, which point to a common cause.", "parent": None, "round": 0,
            "family": row_id, "as_of": None, "origin": f"{source}.jsonl:{self.serial}"} | given
        return Instruction(id=row_id, source=source, category=category, kind=kind, rights=rights, **values)

    def collect(self) -> None:
        for name, source in self.world.params.sources.items():
            rows = [self.item(f"{source.prefix},{n}", name, source.category, source.kind, source.rights)
                    for n in range(self.size)]
            verdicts = [keep(r.id, "collect", "collected") for r in rows]
            verdicts.append(quarantine(f"{source.prefix},broken", "collect", "broken_row", "line 9 is not JSON"))
            self.world.put(Instruction, rows, "collected", name)
            self.world.put(Verdict, verdicts, "collected", name, "verdicts")

    def screen(self) -> None:
        verdicts = []
        for name in self.world.params.sources:
            rows = self.world.rows["collected", name, "rows"]
            self.kept += rows[:-1]
            verdicts += [keep(r.id, "screen", "clean") for r in rows[:-1]]
            code, reason = self.rng.choice([("leak", "shares 13 words with mmlu,4"),
                                            ("near_duplicate", "Jaccard 0.91 with MedQA,0, 0.80 allowed")])
            verdicts.append(drop(rows[-1].id, "screen", code, reason))
        self.world.put(Instruction, list(self.kept), "screened")
        self.world.put(Verdict, verdicts, "screened", table="verdicts")

    def synthesise(self) -> None:
        for part, source, prefix, category, kind in (
            ("textbook", "textbookqa", "TextBookQA", "exam", "exam"),
            ("wikipedia", "wikiinstruct", "WikiInstruct", "open", "research"),
        ):
            rows = [self.item(f"{prefix},Book_{n}", source, category, kind, "open", synthetic=True, reference=None)
                    for n in range(self.size)]
            verdicts = [keep(r.id, part, "written") for r in rows]
            verdicts.append(drop(f"{prefix},Book_x", part, "not_significant", "the model calls it not significant"))
            self.put("synthetic", part, rows, verdicts)
            drafts = [Draft(r.id, None, 0, "", None, None, 4, 3, 1, 1) for r in rows if r.key]
            self.world.put(Draft, drafts, "synthetic", part, "drafts")

    def evolve(self) -> None:
        parents = {"medqa": [r for r in self.kept if r.source == "medqa"],
                   **{p: self.world.rows["synthetic", p, "rows"] for p in ("textbook", "wikipedia")}}
        for part, family in list(parents.items()):
            rows = []
            for parent in family[: max(2, self.size // 2)]:
                prefix, _, key = parent.id.partition(",")
                source = "medqa_evol" if part == "medqa" else parent.source
                name = "MedQA-Evol" if part == "medqa" else prefix
                rows.append(self.item(f"{name},{key}-synthetic-1", source, parent.category, parent.kind, parent.rights,
                                      synthetic=True, parent=parent.id, round=1, family=parent.family, reference=None))
            self.put("evolved", part, rows, [keep(r.id, "evolve", "evolved") for r in rows])
            drafts = [Draft(r.id, r.parent, 1, ("steps", "constraint")[n % 2], 3 + n % 4, 12, 4 if r.key else 0,
                            3 if r.key else 0, 1 if r.key else 0, None) for n, r in enumerate(rows)]
            self.world.put(Draft, drafts, "evolved", part, "drafts")
        for artifact in ("synthetic", "evolved"):
            for (name, _, table), rows in self.world.rows.items():
                self.kept += rows if (name, table) == (artifact, "rows") else []

    def score(self) -> None:
        rows = [Score(r.id, round(self.rng.uniform(5, 9.5), 2), "logprob", "", f"k-score-{r.id}") for r in self.kept]
        rows[1] = replace(rows[1], score=1.5)  # below the threshold of its public source; all others are above
        self.put("scored", "", rows, [keep(r.id, "score", "scored") for r in rows], kind=Score)

    def curate(self) -> None:
        scores = {s.id: s.score for s in self.world.rows["scored", "", "rows"]}
        least = self.world.params.curate.min_score
        low = {r.id for r in self.kept if scores[r.id] < least[r.source]}
        verdicts = [drop(r.id, "curate", "low_score", f"score {scores[r.id]} < {least[r.source]}") if r.id in low
                    else keep(r.id, "curate") for r in self.kept]
        self.kept = [r for r in self.kept if r.id not in low]
        self.world.put(Instruction, list(self.kept), "curated")
        self.world.put(Verdict, verdicts, "curated", table="verdicts")

    def split(self) -> None:
        families = sorted({r.family for r in self.kept})
        place = {f: ("dev" if n % 9 == 4 else "test" if n % 7 == 3 else "train") for n, f in enumerate(families)}
        rows = [Assignment(r.id, r.family, place[r.family]) for r in self.kept]
        self.world.put(Assignment, rows, "split")

    def complete(self) -> None:
        rows, verdicts = [], []
        for n, r in enumerate(self.kept):
            if n % 11 == 5 and r.key:
                verdicts.append(quarantine(r.id, "complete", "contested", "3 of 3 solvers chose B, the key is A"))
            elif n % 7 == 2 and r.key:
                verdicts.append(drop(r.id, "complete", "key_mismatch", "attempt 2: chose B, the key is C"))
            else:
                text = f"Weighing the findings {n}. So, the answer is {r.key}."
                rows.append(Completion(f"{r.id}@smollm2", r.id, "smollm2", "", text, r.key, 1 + n % 2, f"k-{r.id}"))
                verdicts.append(keep(r.id, "complete", "accepted", "attempt 1"))
        self.put("completed", "", rows, verdicts, kind=Completion, step="attempt-1")

    def candidates(self) -> None:
        asked = self.kept[:: max(1, len(self.kept) // 24)]
        for member in MEMBERS:
            rows, verdicts = [], []
            for r in asked:
                if member == "source" and r.reference is None:
                    verdicts.append(drop(r.id, f"candidates@{member}", "no_reference", "the row came without one"))
                    continue
                text = f"{member} says about {r.id}: " + "because " * self.rng.randint(2, 60)
                rows.append(Completion(f"{r.id}@{member}", r.id, member, "", text, r.key, 1, f"k-{member}-{r.id}"))
                verdicts.append(keep(r.id, f"candidates@{member}", "sampled", "40 tokens"))
            self.put("candidates", member, rows, verdicts, kind=Completion, step="candidate")

    def judge(self) -> None:
        rows, verdicts = [], []
        for instruction, group in _grouped(self.world, "candidates", MEMBERS, lambda c: c.instruction_id).items():
            shown = self.rng.sample(group, len(group))
            scores = {c.id: self.rng.randint(1, 5) for c in group}
            ranked = sorted(group, key=lambda c: (-scores[c.id], c.id))
            for place, c in enumerate(shown, 1):
                rows.append(Feedback(c.id, instruction, scores[c.id], "Sound.", ranked.index(c) + 1, place, "smollm2",
                                     f"k-judge-{instruction}"))
            verdicts.append(keep(instruction, "judge", "judged", f"{len(group)} candidates ranked"))
        self.put("judged", "", rows, verdicts, kind=Feedback, step="judge")

    def pair(self) -> None:
        texts = {c.id: c.text for m in MEMBERS for c in self.world.rows["candidates", m, "rows"]}
        splits = {a.id: a.split for a in self.world.rows["split", "", "rows"]}
        pairs, selected, verdicts = [], [], []
        for instruction, group in _grouped(self.world, "judged", ("",), lambda f: f.instruction_id).items():
            ordered = sorted(group, key=lambda f: f.rank)
            own = [Pair(f"{instruction}#{a.candidate_id.split('@')[1]}>{b.candidate_id.split('@')[1]}", instruction,
                        a.candidate_id, b.candidate_id, a.score, b.score, a.rank, b.rank, a.score - b.score, "",
                        splits[instruction]) for a, b in combinations(ordered, 2)]
            chosen = [replace(p, label_type=label) for p in own[:2] if (label := _label(p, texts))]
            pairs, selected = pairs + own, selected + chosen
            verdicts.append(keep(instruction, "pair", "paired", "6 pairs") if chosen
                            else drop(instruction, "pair", "none_selected", "0 of 6 pairs fit"))
        self.world.put(Pair, pairs, "paired")
        self.world.put(Pair, selected, "paired", table="selected")
        self.world.put(Verdict, verdicts, "paired", table="verdicts")

    def release(self) -> None:
        profiles = self.world.params.release.profiles
        pairs = self.world.rows["paired", "", "selected"]
        place = {a.id: a.split for a in self.world.rows["split", "", "rows"]}
        for profile in profiles:
            shown = {r.id for r in self.kept if r.rights in profiles[profile].allows}
            verdicts = [keep(i, f"release@{profile}", "released") if row in shown
                        else drop(i, f"release@{profile}", "rights", f"profile '{profile}' does not carry it")
                        for i, row in [*((r.id, r.id) for r in self.kept), *((p.id, p.instruction_id) for p in pairs)]]
            self.world.put(Verdict, verdicts, "withheld", profile, "verdicts")
            for split in ("train", "dev", "test"):
                rows = [_row(r, profile) for r in self.kept if r.id in shown and place[r.id] == split]
                chosen = [_pair(p, profile) for p in pairs if p.instruction_id in shown and p.split == split]
                for config, found in (("instructions", rows), ("preference", chosen)):
                    if found:
                        self.world.published[profile, config, split] = found

    def put(self, artifact: str, part: str, rows: list[Any], verdicts: list[Verdict],
             kind: type[Record] = Instruction, step: str = "ask") -> None:
        uses = [Use(v.id, step, f"k-{artifact}-{part}-{v.id}", "h", "smollm2", step, "p", 120, self.rng.randint(20, 90),
                    0.0, "ok") for v in verdicts]
        self.world.put(kind, rows, artifact, part)
        self.world.put(Verdict, verdicts, artifact, part, "verdicts")
        self.world.put(Use, uses, artifact, part, "manifest")


def _row(row: Instruction, profile: str) -> dict[str, Any]:
    return {"id": row.id, "prompt_sha256": "0"} if profile == "recipe" else {"id": row.id, "answer": row.key or ""}


def _pair(pair: Pair, profile: str) -> dict[str, Any]:
    chosen, rejected = (i.rsplit("@", 1)[1] for i in (pair.chosen_id, pair.rejected_id))
    shape = {"prompt_id": pair.instruction_id, "metadata": {
        "chosen_model": chosen, "rejected_model": rejected, "judge": "smollm2"}}
    return shape | ({"pair_id": pair.id} if profile == "recipe" else {"prompt": "What is it?"})


def _grouped(world: World, artifact: str, parts: tuple[str, ...], key: Callable[[Any], str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in parts:
        for row in world.rows[artifact, part, "rows"]:
            found.setdefault(key(row), []).append(row)
    return found


def _label(pair: Pair, texts: dict[str, str]) -> str:
    if len(texts[pair.chosen_id]) < 0.8 * len(texts[pair.rejected_id]):
        return "length"
    return "easy" if pair.margin >= 2 else "hard" if pair.margin == 1 else ""
