"""code: the key files of each stage's code, which the stages depend on. Usage: python -m stages.code"""

from ultramed import stage, tables
from ultramed.codekeys.keys import FOLDER, Keys


def main() -> None:
    with tables.artifact(FOLDER) as folder:
        for path, text in Keys().all().items():
            tables.write_text(folder / path.relative_to(FOLDER), text)


if __name__ == "__main__":
    stage.run(main)
