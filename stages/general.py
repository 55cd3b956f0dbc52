"""general: general-domain sets, read and screened. Usage: python -m stages.general"""

from itertools import chain

from ultramed import artifacts, params, stage, tables
from ultramed.curation.decontaminate import Index
from ultramed.records import Example, Preference, Verdict
from ultramed.sources.benchmarks.read import questions
from ultramed.sources.general.read import KINDS, load
from ultramed.training.general import screen


def main() -> None:
    settings = params.load()
    items = chain.from_iterable(questions(b.format, artifacts.RAW / name) for name, b in settings.benchmarks.items())
    sets = {name: load(name, own.format, own.prefix, own.rights, artifacts.RAW / name)
            for name, own in settings.general.items()}
    result = screen(sets, Index.from_items(items, settings.decontaminate), settings)
    with tables.artifact(artifacts.GENERAL) as folder:
        for name, own in settings.general.items():
            kind = Example if KINDS[own.format] == "instruction" else Preference
            (folder / name).mkdir()
            tables.write(folder / name, "rows", kind, result.rows[name])
            tables.write(folder / name, "verdicts", Verdict, result.verdicts[name])


if __name__ == "__main__":
    stage.run(main)
