"""score: a difficulty from 1 to 10 for every instruction. Usage: python -m stages.score"""

from ultramed import artifacts, params, stage, tables
from ultramed.curation.score import score
from ultramed.inference.client import connect
from ultramed.records import Score, Use, Verdict


def main() -> None:
    settings = params.load()
    total = sum(tables.count(folder) for folder in artifacts.instruction_folders(settings))
    with connect(settings.score.model, "score", settings) as client:
        read = list(score(client, artifacts.instructions(settings), settings, total))
    with tables.artifact(artifacts.SCORED) as folder:
        tables.write(folder, "rows", Score, (found for found, _ in read if found))
        tables.write(folder, "verdicts", Verdict, (verdict for _, verdict in read))
        tables.write(folder, "manifest", Use, client.manifest)


if __name__ == "__main__":
    stage.run(main)
