"""base: the model that training starts from, as a Transformers checkpoint. Usage: python -m stages.models.base"""

import os
from pathlib import Path

from ultramed import artifacts, params, stage
from ultramed.sources.models import weights_hash, write_identity
from ultramed.training.checkpoints import convert
from ultramed.training.environment import prepare


def main() -> None:
    prepare()
    os.environ["TQDM_DISABLE"] = "1"  # nothing else silences the conversion's bar
    settings = params.load()
    out = artifacts.MODELS / "base"
    convert(Path("models/local") / settings.base.model, out)
    write_identity("base", f"local:{weights_hash(out)}", artifacts.IDENTITIES)


if __name__ == "__main__":
    stage.run(main)
