"""params: is params.yaml sound as a whole? Before anything runs, whatever has changed in it; and what of its models
matters to rows."""

from ultramed import claims, params, stage, tables
from ultramed.gates import gate


def main() -> None:
    settings = params.load()
    for path, text in claims.of_models(settings).items():
        tables.write_text(path, text)
    gate.write_token("params")


if __name__ == "__main__":
    stage.run(main)
