"""complete: instructions → checked chain-of-thought completions. Usage: python -m stages.complete"""

from ultramed import artifacts, params, stage, tables
from ultramed.annotation.complete import complete
from ultramed.inference.client import connect
from ultramed.records import Completion, Instruction, Use, Verdict


def main() -> None:
    settings = params.load()
    instructions = list(tables.read(artifacts.CURATED, Instruction))
    with connect(settings.complete.model, "complete", settings) as client:
        done = complete(client, instructions, settings)
    with tables.artifact(artifacts.COMPLETED) as folder:
        tables.write(folder, "rows", Completion, sorted(done.rows, key=lambda c: c.id))
        tables.write(folder, "verdicts", Verdict, done.verdicts.values())
        tables.write(folder, "manifest", Use, client.manifest)


if __name__ == "__main__":
    stage.run(main)
