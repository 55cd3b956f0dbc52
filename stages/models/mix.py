"""mix: the rows that models are trained on. Usage: python -m stages.models.mix instructions|preferences MIXTURE"""

import json
from collections.abc import Iterable, Mapping

from ultramed import artifacts, params, stage, tables
from ultramed.claims import Claims
from ultramed.curation.decontaminate import Index
from ultramed.errors import ParamsError
from ultramed.params import MEDICAL, RANKED
from ultramed.records import Assignment, Completion, Instruction, Pair
from ultramed.sources.questions import all_questions
from ultramed.training.general import Row
from ultramed.training.mix import examples, mix, preferences

PAIRS = {MEDICAL: "selected", RANKED: "rows"}  # tables of data/paired, by set


def main(kind: str, name: str) -> None:
    settings = params.load()
    known = [f"{kind} {name}" for kind, mixtures in settings.mixtures.items() for name in mixtures]
    if f"{kind} {name}" not in known:
        raise ParamsError("mix", f"unknown mixture '{kind} {name}'; expected one of {', '.join(known)}")
    mixture, sets = artifacts.MIXTURES[kind], settings.mixtures[kind][name]
    general: dict[str, Iterable[Row]] = {
        part: tables.read(artifacts.GENERAL / part, mixture.tables["rows"])  # type: ignore[arg-type]
        for part in sets if part not in PAIRS}
    index = Index.from_items(all_questions(settings), settings.decontaminate)
    mixed = mix(kind, name, _own(kind, sets, settings), general, index, settings)
    mixture.write(name, rows=mixed.train, dev=mixed.dev, verdicts=mixed.verdicts)


def _own(kind: str, sets: Iterable[str], settings: params.Params) -> Mapping[str, Iterable[tuple[Row, str]]]:
    """This repository's rows in the sets that the mixture names."""
    instructions = {i.id: i for i in tables.read(artifacts.CURATED, Instruction)}
    families = {a.id: a for a in tables.read(artifacts.SPLIT, Assignment)}
    rights = Claims(settings, json.loads(artifacts.RIGHTS.read_text(encoding="utf-8")))
    if kind == "instructions":
        return {MEDICAL: examples(tables.read(artifacts.COMPLETED, Completion), instructions, families, rights)}
    answers = {c.id: c for rows in artifacts.candidates(settings).values() for c in rows}
    judge = settings.judge.model
    return {part: preferences(tables.read(artifacts.PAIRED, Pair, PAIRS[part]), answers, instructions, families, rights,
                              judge, part) for part in sets if part in PAIRS}


if __name__ == "__main__":
    stage.run(main)
