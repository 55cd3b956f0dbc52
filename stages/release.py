"""release: everything annotated → one profile as the Hub will show it. Usage: python -m stages.release PROFILE"""

from pathlib import Path

from ultramed import artifacts, params, stage, tables
from ultramed.records import Verdict
from ultramed.release.build import build
from ultramed.release.selection import select

WITHHELD = Path("data/withheld")


def main(profile: str) -> None:
    settings = params.load()
    selection = select(settings, profile)
    with tables.artifact(artifacts.RELEASE / profile) as folder:
        build(settings, selection, folder)
    with tables.artifact(WITHHELD / profile) as folder:
        tables.write(folder, "verdicts", Verdict, selection.verdicts)


if __name__ == "__main__":
    stage.run(main)
