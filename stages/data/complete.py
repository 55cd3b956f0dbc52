"""complete: instructions → checked chain-of-thought completions. Usage: python -m stages.data.complete"""

from ultramed import artifacts, params, stage, tables
from ultramed.annotation.complete import complete
from ultramed.curation.solve import panel
from ultramed.inference.client import connect
from ultramed.records import Instruction


def main() -> None:
    settings = params.load()
    instructions = list(tables.read(artifacts.CURATED, Instruction))
    with connect(settings.complete.model, "complete", settings) as client, panel(
            settings.complete.solver, "complete", settings, client, "solver") as solvers:
        done = complete(client, solvers, instructions, settings)
    rows = sorted(done.rows, key=lambda c: c.id)
    artifacts.COMPLETED.write(rows=rows, verdicts=done.verdicts.values(), manifest=solvers.manifest())


if __name__ == "__main__":
    stage.run(main)
