"""results: accuracies of our models, as results.json. Usage: python -m stages.results"""

from ultramed import params, stage
from ultramed.report import models


def main() -> None:
    models.write(params.load())


if __name__ == "__main__":
    stage.run(main)
