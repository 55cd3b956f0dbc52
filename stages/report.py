"""report: one page of what was built, as reports/index.html. Usage: python -m stages.report"""

from ultramed import params, stage
from ultramed.report import page


def main() -> None:
    page.write(params.load())


if __name__ == "__main__":
    stage.run(main)
