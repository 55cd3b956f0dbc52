"""mix: what models learn from. Usage: python -m stages.mix instructions|preferences"""

from collections.abc import Iterable
from itertools import chain

from ultramed import artifacts, params, stage, tables
from ultramed.claims import Claims
from ultramed.curation.decontaminate import Index
from ultramed.errors import ParamsError
from ultramed.methods import ROWS
from ultramed.params import MEDICAL
from ultramed.records import Assignment, Completion, Instruction, Pair, Verdict
from ultramed.sources.benchmarks.read import questions
from ultramed.training.general import Row
from ultramed.training.mix import examples, mix, preferences


def main(kind: str) -> None:
    settings = params.load()
    if kind not in ROWS:
        raise ParamsError("mix", f"'{kind}' is no mixture; expected {' or '.join(ROWS)}")
    row_type = ROWS[kind]
    instructions = {i.id: i for i in tables.read(artifacts.CURATED, Instruction)}
    families = {a.id: a for a in tables.read(artifacts.SPLIT, Assignment)}
    rights = Claims(settings)
    medical: Iterable[tuple[Row, str]]
    if kind == "instructions":
        medical = examples(tables.read(artifacts.COMPLETED, Completion), instructions, families, rights)
    else:
        answers = {c.id: c for found in artifacts.candidates(settings).values() for c in found}
        pairs = tables.read(artifacts.PAIRED, Pair, "selected")
        medical = preferences(pairs, answers, instructions, families, rights, settings.judge.model)
    general: dict[str, Iterable[Row]] = {
        name: tables.read(artifacts.GENERAL / name, row_type)
        for name in getattr(settings.mix, kind) if name != MEDICAL}
    items = chain.from_iterable(questions(b.format, artifacts.RAW / name) for name, b in settings.benchmarks.items())
    mixed = mix(kind, medical, general, Index.from_items(items, settings.decontaminate), settings)
    with tables.artifact(artifacts.MIXED / kind) as folder:
        tables.write(folder, "rows", row_type, mixed.train)
        tables.write(folder, "dev", row_type, mixed.dev)
        tables.write(folder, "verdicts", Verdict, mixed.verdicts)


if __name__ == "__main__":
    stage.run(main)
