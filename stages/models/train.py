"""train: one model. Usage: python -m stages.models.train NAME (under `train`, or iterate-ROUND)"""

from ultramed import artifacts, params, stage
from ultramed.sources.models import weights_hash, write_identity
from ultramed.training.environment import prepare
from ultramed.training.job import job_named


def main(name: str) -> None:
    prepare()
    settings = params.load()
    job = job_named(name, settings)
    from ultramed.training.run import train_and_export

    start = settings.models.local[settings.base.model]
    train_and_export(job, start.rights, start.demonstration)
    write_identity(name, f"local:{weights_hash(job.out)}", artifacts.IDENTITIES)


if __name__ == "__main__":
    stage.run(main)
