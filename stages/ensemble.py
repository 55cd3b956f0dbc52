"""ensemble: self-consistency and best-of-N of a policy. Usage: python -m stages.ensemble POLICY"""

from ultramed import artifacts, params, stage, tables
from ultramed.errors import ParamsError
from ultramed.evaluation.predict import choose, sample_often
from ultramed.evaluation.tasks import chosen
from ultramed.inference.client import connect
from ultramed.records import Prediction, Use
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
    tasks = chosen(settings.benchmarks, artifacts.RAW, plan.items, settings.seed)
    reward_model = RewardModel(artifacts.MODELS / ensemble.reward)  # loaded when the policy has answered
    with connect(name, f"ensemble@{name}", settings) as client:
        samples = sample_often(client, tasks, plan, ensemble, settings.seed)
    found = list(choose(name, tasks, samples, plan.format, reward_model.rewards))
    with tables.artifact(artifacts.ENSEMBLES / name) as folder:
        tables.write(folder, "rows", Prediction, found)
        tables.write(folder, "manifest", Use, client.manifest)


if __name__ == "__main__":
    stage.run(main)
