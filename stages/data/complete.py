"""complete: instructions → checked chain-of-thought completions. Usage: python -m stages.data.complete"""

from ultramed import artifacts, params, stage, tables
from ultramed.annotation.complete import complete
from ultramed.inference.client import connect
from ultramed.records import Instruction


def main() -> None:
    settings = params.load()
    instructions = list(tables.read(artifacts.CURATED, Instruction))
    with connect(settings.complete.model, "complete", settings) as client:
        done = complete(client, instructions, settings)
    rows = sorted(done.rows, key=lambda c: c.id)
    artifacts.COMPLETED.write(rows=rows, verdicts=done.verdicts.values(), manifest=client.manifest)


if __name__ == "__main__":
    stage.run(main)
