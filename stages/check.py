"""check: the data-quality gate of one artifact. Usage: python -m stages.check ARTIFACT"""

import sys

from ultramed import params, stage
from ultramed.gates import gate


def main(artifact: str) -> None:
    for moved in gate.check(artifact, params.load()):
        print(f"  check {artifact}: drift: {moved}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    stage.run(main)
