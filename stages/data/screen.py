"""screen: rights, identifiers, dirt, leaks, duplicates; before any model call. Usage: python -m stages.data.screen"""


import json

from ultramed import artifacts, params, stage
from ultramed.curation.screen import screen
from ultramed.records import Instruction
from ultramed.sources.questions import all_questions


def main() -> None:
    settings = params.load()
    remote = json.loads(artifacts.REMOTE.read_text(encoding="utf-8"))["asked"]
    result = screen(artifacts.COLLECTED.read(settings, Instruction), all_questions(settings), settings, remote)
    artifacts.SCREENED.write(rows=result.rows, verdicts=result.verdicts)


if __name__ == "__main__":
    stage.run(main)
