"""evaluate: a policy's greedy answers to every task. Usage: python -m stages.evaluate POLICY"""

from ultramed import artifacts, params, stage
from ultramed.errors import ParamsError
from ultramed.evaluation.predict import answer_once
from ultramed.evaluation.tasks import chosen
from ultramed.inference.client import connect


def main(name: str) -> None:
    settings = params.load()
    plan = settings.evaluate
    if name not in plan.policies:
        raise ParamsError("evaluate", f"'{name}' is not in evaluate.policies; expected one of "
                          f"{', '.join(plan.policies) or 'none'}")
    tasks = chosen(settings.benchmarks, artifacts.RAW, plan.items, settings.seed)
    with connect(name, f"evaluate@{name}", settings) as client:
        predictions = list(answer_once(client, tasks, plan))
    artifacts.EVALUATED.write(name, rows=predictions, manifest=client.manifest)


if __name__ == "__main__":
    stage.run(main)
