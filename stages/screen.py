"""screen: rights, identifiers, dirt, leaks, duplicates; before any model call. Usage: python -m stages.screen"""

from itertools import chain

from ultramed import artifacts, params, stage, tables
from ultramed.curation.screen import screen
from ultramed.records import Instruction, Verdict
from ultramed.sources.questions import all_questions


def main() -> None:
    settings = params.load()
    rows = chain.from_iterable(tables.read(artifacts.COLLECTED / name, Instruction) for name in settings.sources)
    result = screen(rows, all_questions(settings), settings)
    with tables.artifact(artifacts.SCREENED) as folder:
        tables.write(folder, "rows", Instruction, result.rows)
        tables.write(folder, "verdicts", Verdict, result.verdicts)


if __name__ == "__main__":
    stage.run(main)
