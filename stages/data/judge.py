"""judge: all candidates of each instruction scored and ranked. Usage: python -m stages.data.judge"""

from ultramed import artifacts, params, stage, tables
from ultramed.annotation.judge import judge
from ultramed.inference.client import connect
from ultramed.records import Instruction


def main() -> None:
    settings = params.load()
    candidates = artifacts.candidates(settings)
    cases = [(i, candidates[i.id]) for i in tables.read(artifacts.CURATED, Instruction) if i.id in candidates]
    with connect(settings.judge.model, "judge", settings) as client:
        read = list(judge(client, cases, settings, len(cases)))
    artifacts.JUDGED.write(
        rows=(row for rows, _ in read for row in rows), verdicts=(verdict for _, verdict in read),
        manifest=client.manifest)


if __name__ == "__main__":
    stage.run(main)
