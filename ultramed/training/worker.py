"""One process of a training under `accelerate launch`. Usage: python -m ultramed.training.worker NAME"""

import sys

from ultramed import params, stage
from ultramed.errors import UltramedError
from ultramed.training.environment import prepare
from ultramed.training.job import job_named


def main(name: str) -> None:
    prepare()
    from ultramed.training.run import train

    try:
        train(job_named(name, params.load()))
    except UltramedError as error:
        stage.fail(str(error))


if __name__ == "__main__":
    main(sys.argv[1])
