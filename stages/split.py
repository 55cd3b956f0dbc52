"""split: train, dev and test by family, once for everything trained later. Usage: python -m stages.split"""

from ultramed import artifacts, params, stage, tables
from ultramed.curation.split import assign
from ultramed.records import Assignment, Instruction


def main() -> None:
    settings = params.load()
    assigned = assign(tables.read(artifacts.CURATED, Instruction), settings)
    with tables.artifact(artifacts.SPLIT) as folder:
        tables.write(folder, "rows", Assignment, assigned)


if __name__ == "__main__":
    stage.run(main)
