"""mix: the rows that models are trained on. Usage: python -m stages.models.mix instructions|preferences"""

import json
from collections.abc import Iterable

from ultramed import artifacts, params, stage, tables
from ultramed.claims import Claims
from ultramed.curation.decontaminate import Index
from ultramed.errors import ParamsError
from ultramed.params import MEDICAL
from ultramed.records import Assignment, Completion, Instruction, Pair
from ultramed.sources.questions import all_questions
from ultramed.training.general import Row
from ultramed.training.mix import examples, mix, preferences


def main(kind: str) -> None:
    settings = params.load()
    if kind not in artifacts.MIXTURES:
        raise ParamsError("mix", f"unknown mixture '{kind}'; expected {' or '.join(artifacts.MIXTURES)}")
    mixture = artifacts.MIXTURES[kind]
    instructions = {i.id: i for i in tables.read(artifacts.CURATED, Instruction)}
    families = {a.id: a for a in tables.read(artifacts.SPLIT, Assignment)}
    rights = Claims(settings, json.loads(artifacts.RIGHTS.read_text(encoding="utf-8")))
    medical: Iterable[tuple[Row, str]]
    if kind == "instructions":
        medical = examples(tables.read(artifacts.COMPLETED, Completion), instructions, families, rights)
    else:
        answers = {c.id: c for rows in artifacts.candidates(settings).values() for c in rows}
        pairs = tables.read(artifacts.PAIRED, Pair, "selected")
        medical = preferences(pairs, answers, instructions, families, rights, settings.judge.model)
    general: dict[str, Iterable[Row]] = {
        name: tables.read(artifacts.GENERAL / name, mixture.tables["rows"])  # type: ignore[arg-type]
        for name in getattr(settings.mix, kind) if name != MEDICAL}
    mixed = mix(kind, medical, general, Index.from_items(all_questions(settings), settings.decontaminate), settings)
    mixture.write(rows=mixed.train, dev=mixed.dev, verdicts=mixed.verdicts)


if __name__ == "__main__":
    stage.run(main)
