"""split: train, dev and test by family, once for all later training. Usage: python -m stages.data.split"""

from ultramed import artifacts, params, stage, tables
from ultramed.curation.split import assign
from ultramed.records import Instruction


def main() -> None:
    settings = params.load()
    assigned = assign(tables.read(artifacts.CURATED, Instruction), settings)
    artifacts.SPLIT.write(rows=assigned)


if __name__ == "__main__":
    stage.run(main)
