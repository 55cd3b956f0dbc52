"""ensemble: self-consistency and best-of-N of a policy. Usage: python -m stages.models.ensemble POLICY"""

from itertools import chain

from ultramed import artifacts, params, stage
from ultramed.errors import ParamsError
from ultramed.evaluation.predict import JudgeModel, choose, sample_often
from ultramed.evaluation.tasks import tasks
from ultramed.inference.client import connect
from ultramed.training.environment import prepare
from ultramed.training.reward_model import RewardModel


def main(name: str) -> None:
    prepare()
    settings = params.load()
    plan = settings.evaluate
    if name not in plan.ensembles:
        raise ParamsError("ensemble", f"'{name}' is not in evaluate.ensembles; expected one of "
                          f"{', '.join(plan.ensembles) or 'none'}")
    ensemble = plan.ensembles[name]
    asked, judge = tasks(settings), JudgeModel(f"ensemble@{name}", settings)
    reward_model = RewardModel(artifacts.MODELS / ensemble.reward)  # loaded once the policy has answered
    with connect(name, f"ensemble@{name}", settings) as client:
        samples = sample_often(client, asked, plan, ensemble, settings.seed)
    rows = list(choose(name, asked, samples, plan.format, reward_model.rewards, judge))
    artifacts.ENSEMBLES.write(name, rows=rows, manifest=chain(client.manifest, judge.manifest))


if __name__ == "__main__":
    stage.run(main)
