"""curate: thresholds, leaks and duplicates over screened and synthetic rows. Usage: python -m stages.curate"""

from itertools import chain

from ultramed import artifacts, params, stage, tables
from ultramed.curation.select import select
from ultramed.records import Score
from ultramed.sources.benchmarks.read import questions


def main() -> None:
    settings = params.load()
    scores = tables.read(artifacts.SCORED, Score)
    items = chain.from_iterable(questions(b.format, artifacts.RAW / name) for name, b in settings.benchmarks.items())
    result = select(artifacts.instructions(settings), scores, items, settings)
    artifacts.CURATED.write(rows=result.rows, verdicts=result.verdicts)


if __name__ == "__main__":
    stage.run(main)
