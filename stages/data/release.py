"""release: the annotated data → one profile, as published on the Hub. Usage: python -m stages.data.release PROFILE"""

from ultramed import artifacts, params, stage, tables
from ultramed.release.build import build
from ultramed.release.selection import select


def main(profile: str) -> None:
    settings = params.load()
    selection = select(settings, profile)
    with tables.artifact(artifacts.RELEASE / profile) as folder:
        build(settings, selection, folder)
    artifacts.WITHHELD.write(profile, verdicts=selection.verdicts)


if __name__ == "__main__":
    stage.run(main)
