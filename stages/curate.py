"""curate: thresholds, leaks and duplicates over screened and synthetic rows. Usage: python -m stages.curate"""

from ultramed import artifacts, params, stage, tables
from ultramed.curation.select import select
from ultramed.records import Instruction, Score, Verdict
from ultramed.sources.questions import all_questions


def main() -> None:
    settings = params.load()
    scores = tables.read(artifacts.SCORED, Score)
    result = select(artifacts.instructions(settings), scores, all_questions(settings), settings)
    with tables.artifact(artifacts.CURATED) as folder:
        tables.write(folder, "rows", Instruction, result.rows)
        tables.write(folder, "verdicts", Verdict, result.verdicts)


if __name__ == "__main__":
    stage.run(main)
