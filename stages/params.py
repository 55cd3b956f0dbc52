"""params: checks params.yaml as a whole before anything runs, and the keys and prices of the models it asks; writes the
model settings that matter to rows."""

from ultramed import claims, params, stage, tables
from ultramed.gates import gate
from ultramed.inference.readiness import refuse_unready


def main() -> None:
    settings = params.load()
    refuse_unready(settings, settings.asked.values())
    for path, text in claims.of_models(settings).items():
        tables.write_text(path, text)
    gate.write_token("params")


if __name__ == "__main__":
    stage.run(main)
