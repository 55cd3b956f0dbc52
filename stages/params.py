"""params: is params.yaml sound as a whole? Before anything runs, whatever has changed in it."""

from ultramed import params, stage
from ultramed.checks import gate


def main() -> None:
    params.load()
    gate.write_token("params")


if __name__ == "__main__":
    stage.run(main)
