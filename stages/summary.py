"""summary: the numbers that distinguish two runs, as metrics.json. Usage: python -m stages.summary"""

from ultramed import params, stage
from ultramed.report import summary


def main() -> None:
    summary.write(params.load())


if __name__ == "__main__":
    stage.run(main)
