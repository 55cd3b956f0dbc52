"""evaluate: a policy's greedy answers to every task. Usage: python -m stages.models.evaluate POLICY"""

from itertools import chain

from ultramed import artifacts, params, stage
from ultramed.errors import ParamsError
from ultramed.evaluation.predict import JudgeModel, answer_once, predictions
from ultramed.evaluation.tasks import tasks
from ultramed.inference.client import connect


def main(name: str) -> None:
    settings = params.load()
    plan = settings.evaluate
    if name not in plan.policies:
        raise ParamsError("evaluate", f"'{name}' is not in evaluate.policies; expected one of "
                          f"{', '.join(plan.policies) or 'none'}")
    asked, judge = tasks(settings), JudgeModel(f"evaluate@{name}", settings)
    with connect(name, f"evaluate@{name}", settings) as client:
        answers = answer_once(client, asked, plan)
    rows = list(predictions(name, asked, answers, judge))
    artifacts.EVALUATED.write(name, rows=rows, manifest=chain(client.manifest, judge.manifest))


if __name__ == "__main__":
    stage.run(main)
