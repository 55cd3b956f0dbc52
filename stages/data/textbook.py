"""textbook: passages → exam items. Usage: python -m stages.data.textbook"""

from ultramed import artifacts, params, stage, tables
from ultramed.curation.solve import panel
from ultramed.inference.client import connect
from ultramed.records import Instruction
from ultramed.synthesis.textbook import passages, write_items


def main() -> None:
    settings = params.load()
    corpus = list(passages(artifacts.RAW / settings.textbook.corpus))
    examples = [i for i in tables.read(artifacts.SCREENED, Instruction) if i.source == "medqa"]
    with connect(settings.textbook.model, "textbook", settings) as client, panel(
            settings.evolve.verifier, "textbook", settings, client) as solvers:
        made = write_items(client, solvers, corpus, examples, settings)
    artifacts.SYNTHETIC.write(
        "textbook", rows=made.rows, verdicts=made.verdicts, drafts=made.drafts, manifest=solvers.manifest())


if __name__ == "__main__":
    stage.run(main)
