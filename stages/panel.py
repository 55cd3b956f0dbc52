"""panel: a member's identity, where the stages that ask the panel look. Usage: python -m stages.panel PANEL MODEL"""

from ultramed import artifacts, stage, tables


def main(panel: str, model: str) -> None:
    identity = (artifacts.IDENTITIES / f"{model}.json").read_text(encoding="utf-8")
    tables.write_text(artifacts.PANELS / panel / f"{model}.json", identity)


if __name__ == "__main__":
    stage.run(main)
