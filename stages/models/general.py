"""general: general-domain sets, read and screened. Usage: python -m stages.models.general"""

from ultramed import artifacts, params, stage, tables
from ultramed.curation.decontaminate import Index
from ultramed.records import Verdict
from ultramed.sources.general_sets import load, record
from ultramed.sources.questions import all_questions
from ultramed.training.general import screen


def main() -> None:
    settings = params.load()
    sets = {name: load(name, own, artifacts.GENERAL_SETS / name, settings.seed)
            for name, own in settings.general.items()}
    result = screen(sets, Index.from_items(all_questions(settings), settings.decontaminate), settings)
    with tables.artifact(artifacts.GENERAL) as folder:
        for name, own in settings.general.items():
            (folder / name).mkdir()
            tables.write(folder / name, "rows", record(own), result.rows[name])
            tables.write(folder / name, "verdicts", Verdict, result.verdicts[name])


if __name__ == "__main__":
    stage.run(main)
