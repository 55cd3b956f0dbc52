"""check: the data-quality gate of one artifact. Usage: python -m stages.check ARTIFACT"""

from ultramed import params, stage
from ultramed.gates import gate


def main(artifact: str) -> None:
    gate.check(artifact, params.load())


if __name__ == "__main__":
    stage.run(main)
