"""curate: thresholds, leaks and duplicates over screened and synthetic rows. Usage: python -m stages.data.curate"""

from ultramed import artifacts, params, stage, tables
from ultramed.curation.select import select
from ultramed.records import Score
from ultramed.sources.questions import all_questions


def main() -> None:
    settings = params.load()
    scores = tables.read(artifacts.SCORED, Score)
    result = select(artifacts.instructions(settings), scores, all_questions(settings), settings)
    artifacts.CURATED.write(rows=result.rows, verdicts=result.verdicts)


if __name__ == "__main__":
    stage.run(main)
