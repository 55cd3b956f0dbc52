"""screen: rights, identifiers, dirt, leaks, duplicates; before any model call. Usage: python -m stages.screen"""

from itertools import chain

from ultramed import artifacts, params, stage
from ultramed.curation.screen import screen
from ultramed.records import Instruction
from ultramed.sources.benchmarks.read import questions


def main() -> None:
    settings = params.load()
    items = chain.from_iterable(questions(b.format, artifacts.RAW / name) for name, b in settings.benchmarks.items())
    result = screen(artifacts.COLLECTED.read(settings, Instruction), items, settings)
    artifacts.SCREENED.write(rows=result.rows, verdicts=result.verdicts)


if __name__ == "__main__":
    stage.run(main)
