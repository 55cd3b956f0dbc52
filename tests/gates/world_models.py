"""The model half of the small world, and the complete world."""

import random
from dataclasses import replace
from pathlib import Path

from world import MEMBERS, World, settings
from world_data import DataMaker

from ultramed.records import (
    Comparison,
    Example,
    Message,
    Prediction,
    Preference,
    Sample,
    Verdict,
    drop,
    keep,
    quarantine,
)


def build(base: Path, per_source: int = 4, seed: int = 7) -> World:
    """A consistent world with `per_source` rows of each public source."""
    maker = ModelMaker(World(base, settings()), random.Random(seed), per_source)
    for step in (maker.collect, maker.screen, maker.synthesise, maker.evolve, maker.score, maker.curate,
                 maker.split, maker.complete, maker.candidates, maker.judge, maker.pair, maker.general, maker.mix,
                 maker.sample, maker.evaluate, maker.release):
        step()
    return maker.world


class ModelMaker(DataMaker):
    """Adds the models' training data and answers."""

    def general(self) -> None:
        for name, own in self.world.params.general.items():
            ids = [f"{own.prefix},{n}" for n in range(self.size)] if own.rights != "deny" else []
            kind = Preference if name.startswith("ultra") and name != "ultrachat" else Example
            make = _preference if kind is Preference else _example
            rows = [make(i, name, i, "research") for i in ids]
            verdicts = [keep(i, "general") for i in ids]
            verdicts.append(quarantine(f"{own.prefix},x", "general", "broken_json", "line 9 is not JSON"))
            self.world.put(kind, rows, "general", name)
            self.world.put(Verdict, verdicts, "general", name, "verdicts")

    def mix(self) -> None:
        place = {a.id: a for a in self.world.rows["split", "", "rows"]}
        allows = self.world.params.mix.allows
        texts = {c.instruction_id: c.text for c in self.world.rows["completed", "", "rows"]}
        examples = [(_example(r.id, "medical", place[r.id].family, r.rights, texts[r.id]), place[r.id].split)
                    for r in self.kept if r.id in texts]
        answers = {c.id: c.text for m in MEMBERS for c in self.world.rows["candidates", m, "rows"]}
        own = {r.id: r for r in self.kept}
        pairs = [(_preference(p.id, "medical", place[p.instruction_id].family, own[p.instruction_id].rights,
                              answers[p.chosen_id], answers[p.rejected_id]), p.split)
                 for p in self.world.rows["paired", "", "selected"]]
        ranked = [(replace(row, source="ranked"), split) for row, split in pairs]
        for name, mixture, kind, medical in (
            ("instructions", "ultramix", Example, examples), ("preferences", "ultramix", Preference, pairs),
            ("preferences", "ranked", Preference, ranked),
        ):
            sets = [s for s in self.world.params.mixtures[name][mixture] if s not in ("medical", "ranked")]
            added = [(r, "train") for s in sets for r in self.world.rows["general", s, "rows"]]
            used = {row.id: split for row, split in [*medical, *added] if split != "test" and row.rights in allows}
            verdicts = [keep(r.id, f"mix-{name}") if r.id in used else drop(r.id, f"mix-{name}", "not_train", "is test")
                        for r, _ in [*medical, *added]]
            rows = [r for r, split in [*medical, *added] if used.get(r.id) == "train"]
            self.world.put(kind, [*rows, rows[0]], name, mixture)  # one is drawn twice
            self.world.put(kind, [r for r, _ in medical if used.get(r.id) == "dev"], name, mixture, "dev")
            self.world.put(Verdict, verdicts, name, mixture, "verdicts")

    def sample(self) -> None:
        asked = self.world.rows["instructions", "ultramix", "rows"][:6]
        samples = [Sample(f"{r.id}@{who}", r.id, "dpo", f"{who} says {n}", reward, None) for n, r in enumerate(asked)
                   for who, reward in (("dpo-1", 1.5), ("reference", 0.5))]
        rows = [_preference(f"{r.id}#dpo-1>reference", r.source, r.family, r.rights) for r in asked[:-1]]
        verdicts = [keep(r.id, "sample@1", "paired") for r in asked[:-1]]
        verdicts.append(drop(asked[-1].id, "sample@1", "equal_rewards", "all have reward 1"))
        self.put("sampled", "1", rows, verdicts, kind=Preference)
        self.world.put(Sample, samples, "sampled", "1", "samples")

    def evaluate(self) -> None:
        for part, policies, modes in (("evaluated", self.world.params.evaluate.policies, ["greedy"]),
                                      ("ensembles", self.world.params.evaluate.ensembles,
                                       ["self-consistency", "best-of-n"])):
            for name in policies:
                rows = [Prediction(f"medqa_test,{n}@{name}", f"medqa_test,{n}", "medqa_test", name, mode, "B",
                                   None if n == 3 else "AB"[n % 2], "truncated" if n == 3 else "answered",
                                   f"{name} thinks {n}", n % 2 == 1 and n != 3) for n in range(5) for mode in modes]
                self.put(part, name, rows, [keep(r.id, part) for r in rows], kind=Prediction)
                del self.world.rows[part, name, "verdicts"]
        for name in self.world.params.evaluate.reward_models:
            found = [Comparison(p.id, p.label_type, 1.0, 0.5 * (n % 3), False)
                     for n, p in enumerate(self.world.rows["paired", "", "selected"])]
            self.world.put(Comparison, found, "rewardbench", name)


def _example(row_id: str, source: str, family: str, rights: str, said: str = "It is so.") -> Example:
    turns = [Message("user", f"What of {row_id}?"), Message("assistant", said)]
    return Example(row_id, source, turns, family, rights)


def _preference(row_id: str, source: str, family: str, rights: str, chosen: str = "Yes, because.",
                rejected: str = "No.") -> Preference:
    return Preference(row_id, source, [Message("user", f"What of {row_id}?")], chosen, rejected, 1, "", family, rights)
