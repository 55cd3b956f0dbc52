"""rewardbench: a reward model on the pairs of the test split. Usage: python -m stages.models.rewardbench MODEL"""

from ultramed import artifacts, params, stage, tables
from ultramed.claims import Claims
from ultramed.errors import ParamsError
from ultramed.evaluation.rewardbench import compare, labels, reviewed
from ultramed.records import Assignment, Instruction, Pair
from ultramed.training.environment import prepare
from ultramed.training.mix import preferences
from ultramed.training.reward_model import RewardModel


def main(name: str) -> None:
    prepare()
    settings = params.load()
    known = settings.evaluate.reward_models
    if name not in known:
        raise ParamsError("rewardbench", f"'{name}' is not in evaluate.reward_models; expected one of "
                          f"{', '.join(known) or 'none'}")
    instructions = {i.id: i for i in tables.read(artifacts.CURATED, Instruction)}
    families = {a.id: a for a in tables.read(artifacts.SPLIT, Assignment)}
    answers = {c.id: c for rows in artifacts.candidates(settings).values() for c in rows}
    selected = tables.read(artifacts.PAIRED, Pair, "selected")
    pairs = preferences(selected, answers, instructions, families, Claims(settings), settings.judge.model)
    kept = reviewed([row for row, split in pairs if split == "test"], labels(artifacts.RAW / "human_labels"))
    model = RewardModel(artifacts.MODELS / name)
    artifacts.REWARDBENCH.write(name, rows=compare(kept, model.rewards))


if __name__ == "__main__":
    stage.run(main)
