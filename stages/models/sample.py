"""sample: on-policy preferences of one round. Usage: python -m stages.models.sample ROUND"""

from ultramed import artifacts, params, stage, tables
from ultramed.errors import ParamsError
from ultramed.inference.client import connect
from ultramed.records import Example
from ultramed.training.environment import prepare
from ultramed.training.on_policy import prompts, rank, sample
from ultramed.training.reward_model import RewardModel


def main(number: str) -> None:
    prepare()
    settings = params.load()
    plan = settings.iterate
    if number not in plan.rounds:
        raise ParamsError("sample", f"unknown round '{number}'; expected one of {', '.join(plan.rounds) or 'none'}")
    mixture = artifacts.INSTRUCTIONS / plan.mix_of(number)
    asked = prompts(tables.read(mixture, Example), plan.prompts, settings.seed, number)
    reward_model = RewardModel(artifacts.MODELS / plan.reward)  # loaded once the policy has answered
    with connect(plan.rounds[number].from_, f"sample@{number}", settings) as client:
        answers = sample(client, number, asked, settings)
    ranked = rank(asked, answers, reward_model.rewards, number)
    artifacts.SAMPLED.write(
        number, rows=ranked.rows, dev=[], samples=ranked.samples, verdicts=ranked.verdicts, manifest=client.manifest)


if __name__ == "__main__":
    stage.run(main)
