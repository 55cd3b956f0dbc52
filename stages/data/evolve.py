"""evolve: one set of instructions made harder in rounds. Usage: python -m stages.data.evolve SET"""

from pathlib import Path

from ultramed import artifacts, params, stage, tables
from ultramed.curation.solve import panel
from ultramed.inference.client import connect
from ultramed.params import SetName
from ultramed.records import Instruction
from ultramed.synthesis.evolve import evolve


def main(name: SetName) -> None:
    settings = params.load()
    rows = tables.read(Path(settings.evolve.sets[name].rows), Instruction)
    parents = [i for i in rows if i.synthetic or i.source == name]
    stage_name, rules = f"evolve@{name}", settings.evolve
    with connect(rules.model, stage_name, settings) as client, panel(
            rules.verifier, stage_name, settings, client) as solvers:
        made = evolve(client, solvers, name, parents, settings)
    artifacts.EVOLVED.write(
        name, rows=made.rows, verdicts=made.verdicts, drafts=made.drafts, manifest=solvers.manifest())


if __name__ == "__main__":
    stage.run(main)
