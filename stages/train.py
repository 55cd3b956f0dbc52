"""train: one model of ours. Usage: python -m stages.train NAME (under `train`, or iterate-ROUND)"""

from ultramed import artifacts, params, stage
from ultramed.sources.models import weights_hash, write_identity
from ultramed.training.environment import prepare
from ultramed.training.job import job


def main(name: str) -> None:
    prepare()
    settings = params.load()
    found = job(name, settings)
    from ultramed.training.run import make

    start = settings.models.local[settings.base.model]
    make(found, start.rights, start.demonstration)
    write_identity(name, f"local:{weights_hash(found.out)}", artifacts.IDENTITIES)


if __name__ == "__main__":
    stage.run(main)
