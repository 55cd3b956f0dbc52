"""score: a difficulty from 1 to 10 for every instruction. Usage: python -m stages.data.score"""

from ultramed import artifacts, params, stage, tables
from ultramed.curation.score import score
from ultramed.inference.client import connect


def main() -> None:
    settings = params.load()
    total = sum(tables.count(folder) for folder in artifacts.instruction_folders(settings))
    with connect(settings.score.model, "score", settings) as client:
        read = list(score(client, artifacts.instructions(settings), settings, total))
    artifacts.SCORED.write(
        rows=(row for row, _ in read if row), verdicts=(verdict for _, verdict in read), manifest=client.manifest)


if __name__ == "__main__":
    stage.run(main)
